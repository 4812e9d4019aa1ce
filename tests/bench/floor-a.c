/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Floor A: what it costs to run a program that does nothing. */
int main(void)
{
	return 0;
}
