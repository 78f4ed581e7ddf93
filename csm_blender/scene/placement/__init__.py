# SPDX-License-Identifier: GPL-3.0-or-later
"""Put a converted mesh, or a preview, where its block-out stands."""
