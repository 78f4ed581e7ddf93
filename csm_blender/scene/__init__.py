# SPDX-License-Identifier: GPL-3.0-or-later
"""What touches the artist's scene: measuring block-outs and placing results. All of it runs on the main thread."""
