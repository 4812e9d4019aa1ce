/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The door to libxml2: RELAX NG.
 */
#include "xml/schema.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <string.h>

#include "base/cleanup.h"

VFP_DEFINE_AUTO(doc, xmlDocPtr, xmlFreeDoc)
VFP_DEFINE_AUTO(rng_parser, xmlRelaxNGParserCtxtPtr, xmlRelaxNGFreeParserCtxt)
VFP_DEFINE_AUTO(rng, xmlRelaxNGPtr, xmlRelaxNGFree)
VFP_DEFINE_AUTO(rng_valid, xmlRelaxNGValidCtxtPtr, xmlRelaxNGFreeValidCtxt)

#if LIBXML_VERSION >= 21200
static void note_error(void *user, const xmlError *error);
#else
static void note_error(void *user, xmlErrorPtr error);
#endif

int vfp_schema_check(const char *text, size_t size, const char *rng, struct vfp_err *err)
{
	vfp_auto(doc) doc = xmlReadMemory(text, (int)size, NULL, "UTF-8", XML_PARSE_NONET);
	vfp_auto(rng_parser) parser = xmlRelaxNGNewMemParserCtxt(rng, (int)strlen(rng));
	vfp_auto(rng) schema = parser ? xmlRelaxNGParse(parser) : NULL;
	vfp_auto(rng_valid) valid = schema ? xmlRelaxNGNewValidCtxt(schema) : NULL;
	struct vfp_err first = {0};

	if (!doc || !valid)
		return vfp_fail(err, EINVAL, "the schema that is built in cannot be read");
	xmlRelaxNGSetValidStructuredErrors(valid, note_error, &first);
	if (xmlRelaxNGValidateDoc(valid, doc) == 0)
		return 0;
	return vfp_fail(err, EINVAL, "%s", first.code ? first.msg : "it is not as its schema says");
}

/* Keeps the first: those that follow are about the elements around it. */
#if LIBXML_VERSION >= 21200
static void note_error(void *user, const xmlError *error)
#else
static void note_error(void *user, xmlErrorPtr error)
#endif
{
	struct vfp_err *first = user;

	if (!first->code)
		vfp_fail(first, EINVAL, "line %d: %.*s", error->line,
			 (int)strcspn(error->message, "\n"), error->message);
}
