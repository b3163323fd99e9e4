"""Sphinx's settings for the book: MyST pages whose cells all run at every build (`make book`)."""

import os
import tempfile
from pathlib import Path

project = "How a small model reads"
author = "the authors of npdistil"

extensions = ["myst_nb"]
exclude_patterns = ["exercises"]

# A cell that fails, takes too long or warns is a warning here, and so fails the build under -W.
# (With nb_execution_raise_on_error nobody learns which line it was, and other pages are not tried.)
nb_execution_mode = "force"
nb_execution_show_tb = True
nb_execution_timeout = 120
nb_output_stderr = "warn"
nb_merge_streams = True

# Kernels get a profile of their own: a reader's settings of IPython change nothing in the book, and
# the advice to encrypt what they say on this machine, which is a warning, is not printed.
_home = tempfile.TemporaryDirectory()
_settings = Path(_home.name) / "profile_default" / "ipython_kernel_config.py"
_settings.parent.mkdir()
_settings.write_text("c.IPKernelApp.log_level = 'ERROR'\n", encoding="utf-8")
os.environ["IPYTHONDIR"] = _home.name

# The pages ask for nothing that is not beside them; there are no formulas but those in code.
html_theme = "alabaster"
html_title = project
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = False
html_use_index = False
html_sidebars = {"**": ["about.html", "navigation.html", "searchbox.html"]}
html_theme_options = {
    "description": "A book about encoders, run at every build",
    "page_width": "76rem",
    "sidebar_width": "14rem",
    "font_family": "system-ui, sans-serif",
    "head_font_family": "system-ui, sans-serif",
    "fixed_sidebar": True,
    "show_powered_by": False,
    "show_relbars": True,
}
