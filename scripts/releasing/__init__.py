# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release is made of, and what stands in its way. ``scripts/release.py`` puts it together."""
