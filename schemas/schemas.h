/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files of this folder as NUL-terminated text in the program: schemas/embed.sh makes the
 * definitions (schemas/schemas.c in the build folder).  pool-1.sql would be vfp_schema_pool_1_sql.
 */
#pragma once

extern const char vfp_schema_pool_sql[];
extern const char vfp_schema_pool_rng[];
extern const char vfp_schema_metadata_rng[];
