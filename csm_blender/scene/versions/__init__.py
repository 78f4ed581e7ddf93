# SPDX-License-Identifier: GPL-3.0-or-later
"""The block-out and its results as versions of one place."""
