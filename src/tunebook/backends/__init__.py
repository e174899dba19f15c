"""By what a trained model answers: torch as it is, or the same model in onnxruntime, whichever is measured quicker."""
