#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The list of deliberate bugs of tests/mutations fits the code as it is; that the tests catch each is shown by running
# it (make mutations), which takes minutes.
exec "${top_srcdir:-$(dirname "$0")/..}/tests/mutations" --applies
