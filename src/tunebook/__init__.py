"""Tunebook: fine-tune pretrained models as an engineering discipline."""

__version__ = "0.1.0"
