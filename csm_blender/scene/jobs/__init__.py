# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of the open file: planning, records, the timer that brings results into the scene."""
