# SPDX-License-Identifier: GPL-3.0-or-later
"""The box and the pivot of a block-out, in plain floats: what is sent and where the result goes."""
