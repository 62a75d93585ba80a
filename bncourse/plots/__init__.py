"""Figures of the chapters, one file a chapter: each function takes plain results and `ax`, and returns the axes."""

from .style import BATCHNORM, INK, MUTED, OTHER, PLAIN, use_style

__all__ = ["BATCHNORM", "INK", "MUTED", "OTHER", "PLAIN", "use_style"]
