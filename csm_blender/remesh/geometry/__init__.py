# SPDX-License-Identifier: GPL-3.0-or-later
"""Surfaces as arrays: what they are made of, how their parts hang together, what is nearest."""
