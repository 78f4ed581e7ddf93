# SPDX-License-Identifier: GPL-3.0-or-later
"""Place a converted mesh, or a preview, where its block-out is."""
