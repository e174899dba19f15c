"""Trained models in other libraries: classes for LangChain and LlamaIndex."""
