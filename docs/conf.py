# SPDX-License-Identifier: GPL-3.0-or-later
"""How Sphinx makes the site of these pages; started by ``python3 scripts/site.py``, which lays the pages out first."""

import os

project = "CSM Refine"
author = "CSM Refine developers"
copyright = "CSM Refine developers, GPL-3.0-or-later"  # noqa: A001 - Sphinx's name for it
version = release = os.environ.get("CSM_VERSION", "")
html_title = f"CSM Refine {version}".strip()

extensions = ["myst_parser"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4
"""Headings are link targets by the same rule as on the usual forges, so that links work in both places."""
exclude_patterns: list[str] = []
nitpicky = True
highlight_language = "text"
root_doc = "index"

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "_static/icon.png"
html_logo = "_static/icon.png"
html_copy_source = html_show_sourcelink = False
html_show_sphinx = False
html_last_updated_fmt = None
"""No dates: the same pages give the same bytes."""
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#1f6f8b", "color-brand-content": "#1f6f8b"},
    "dark_css_variables": {"color-brand-primary": "#6cc4de", "color-brand-content": "#6cc4de"},
    "footer_icons": [],
}
