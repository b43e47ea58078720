/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lex.c - cuts vm.conf into words
 *
 * A word is bare (letters, digits and BARE), quoted, or a macro ($name or ${name}).  Only a bare word
 * can be a keyword.  In quotes \n, \t, \" and \\ stand for what they do in C, every other backslash is
 * a fault, and so is a newline or a control character.  `#` begins a comment; a backslash at the end of
 * a line joins the next one to it.  `;` ends a statement like a newline.
 * Files are a stack: an include is read to its end, as if its lines stood in place of the statement.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/bytes.h"
#include "host/base/fd.h"
#include "host/vmd/conf_parser.h"
#include "host/vmd/parse.h"

#define BARE	"_-./:@%+,*~"
#define WORD_STOP	(-1)

static const struct {
	const char *word;
	int token;
} keywords[] = {
	{ "append", APPEND },
	{ "backdoor", BACKDOOR },
	{ "cid", CID },
	{ "command", COMMAND },
	{ "console", CONSOLE },
	{ "container", CONTAINER },
	{ "cpus", CPUS },
	{ "disable", DISABLE },
	{ "disk", DISK },
	{ "engine", ENGINE },
	{ "fault", FAULT },
	{ "format", FORMAT },
	{ "guestinfo", GUESTINFO },
	{ "include", INCLUDE },
	{ "initrd", INITRD },
	{ "interface", INTERFACE },
	{ "interrupts", INTERRUPTS },
	{ "kernel", KERNEL },
	{ "memory", MEMORY },
	{ "on-reboot", ON_REBOOT },
	{ "plugin", PLUGIN },
	{ "port", PORT },
	{ "qemu", QEMU },
	{ "qemu-arg", QEMU_ARG },
	{ "qemu-root", QEMU_ROOT },
	{ "qp-memory", QP_MEMORY },
	{ "readonly", READONLY },
	{ "removable", REMOVABLE },
	{ "restricted", RESTRICTED },
	{ "root", ROOT },
	{ "run-as", RUN_AS },
	{ "share", SHARE },
	{ "shutdown-timeout", SHUTDOWN_TIMEOUT },
	{ "state-dir", STATE_DIR },
	{ "uuid", UUID },
	{ "vm", VM },
	{ "vmci", VMCI },
	{ "vsock", VSOCK },
	{ "writable", WRITABLE },
};

int conf_source_push(struct conf_parser *p, const char *name, const char *dir, char *text,
		     size_t len)
{
	struct conf_source *s = calloc(1, sizeof(*s));

	if (s) {
		s->name = strdup(name);
		s->dir = dir ? strdup(dir) : NULL;
	}
	if (!s || !s->name || (dir && !s->dir)) {
		p->out_of_memory = true;
		if (s) {
			free(s->name);
			free(s->dir);
		}
		free(s);
		free(text);
		return -1;
	}
	s->text = text;
	s->len = len;
	s->line = 1;
	SLIST_INSERT_HEAD(&p->sources, s, link);
	p->depth++;
	return 0;
}

void conf_source_pop(struct conf_parser *p)
{
	struct conf_source *s = SLIST_FIRST(&p->sources);

	SLIST_REMOVE_HEAD(&p->sources, link);
	p->depth--;
	free(s->name);
	free(s->dir);
	free(s->text);
	free(s);
}

/* Only a regular file is read: anything else may have no end. */
static int file_read(const char *path, char **ret_text, size_t *ret_len)
{
	_autoclose_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	_autofree_ char *text = NULL;
	struct stat st;
	size_t len = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (st.st_size > CONF_FILE_MAX)
		return -EFBIG;
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	while (len < (size_t)st.st_size) {
		ssize_t n = read(fd, text + len, (size_t)st.st_size - len);

		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
	}
	*ret_text = text;
	*ret_len = len;
	text = NULL;
	return 0;
}

int conf_include(struct conf_parser *p, const char *path)
{
	struct conf_source *s = SLIST_FIRST(&p->sources);
	char full[PATH_MAX], dir[PATH_MAX];
	char *text = NULL, *slash;
	size_t len = 0;
	int n, err;

	if (!p->may_include) {
		conf_error(p, "include is not possible here");
		return -1;
	}
	if (p->depth >= CONF_INCLUDE_DEPTH) {
		conf_error(p, "more than %d files include one another", CONF_INCLUDE_DEPTH);
		return -1;
	}
	if (*path == '/' || !s || !s->dir)
		n = snprintf(full, sizeof(full), "%s", path);
	else
		n = snprintf(full, sizeof(full), "%s/%s", s->dir, path);
	err = n < 0 || (size_t)n >= sizeof(full) ? -ENAMETOOLONG : file_read(full, &text, &len);
	if (err) {
		conf_error(p, "%s: %s", path, err == -EINVAL ? "not a regular file" :
			   strerror(-err));
		return -1;
	}
	strcpy(dir, full);
	slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = '\0';
	else
		strcpy(dir, ".");
	return conf_source_push(p, full, dir, text, len);
}

/* The next character, or WORD_STOP at the end of this text. */
static int peek(const struct conf_source *s)
{
	return s->pos < s->len ? (unsigned char)s->text[s->pos] : WORD_STOP;
}

static bool is_bare(int c)
{
	return c > 0 && c < 0x80 && (isalnum(c) || strchr(BARE, c));
}

static void skip_blanks(struct conf_source *s)
{
	int c;

	while ((c = peek(s)) != WORD_STOP) {
		if (c == '\\' && s->pos + 1 < s->len && s->text[s->pos + 1] == '\n') {
			s->pos += 2;
			s->line++;
		} else if (c == '#') {
			while (peek(s) != WORD_STOP && peek(s) != '\n')
				s->pos++;
		} else if (c == ' ' || c == '\t' || c == '\r') {
			s->pos++;
		} else {
			return;
		}
	}
}

/* Remember the token for messages; p->word takes @word. */
static void token_note(struct conf_parser *p, const struct conf_source *s, unsigned int line,
		       char *word, bool quoted)
{
	if (!p->where || strcmp(p->where, s->name)) {
		free(p->where);
		p->where = strdup(s->name);
	}
	p->where_line = line;
	free(p->word);
	p->word = word;
	p->word_quoted = quoted;
	if (!word || !p->where)
		p->out_of_memory = true;
}

/* From the opening quote; the text without quotes, or NULL after a message. */
static char *quoted_word(struct conf_parser *p, struct conf_source *s)
{
	char *text = malloc(s->len - s->pos + 1), *out = text;
	const char *fault = NULL;
	int c;

	if (!text) {
		p->out_of_memory = true;
		return NULL;
	}
	s->pos++;
	while (!fault && (c = peek(s)) != '"') {
		if (c == '\\') {
			static const char from[] = "nt\"\\", to[] = "\n\t\"\\";
			const char *at;

			s->pos++;
			c = peek(s);
			at = c > 0 ? strchr(from, c) : NULL;
			if (at)
				c = to[at - from];
			else
				fault = "unknown \\ sequence in quotes (\\n, \\t, \\\" and \\\\ exist)";
		} else if (c == WORD_STOP || c == '\n') {
			fault = "closing quote is missing";
		} else if (c < 0x20 || c == 0x7f) {
			fault = "control character in quotes";
		}
		if (!fault) {
			*out++ = (char)c;
			s->pos++;
		}
	}
	*out = '\0';
	if (!fault) {
		s->pos++;
		return text;
	}
	token_note(p, s, s->line, strdup("\""), true);
	conf_error(p, "%s", fault);
	free(text);
	while (peek(s) != WORD_STOP && peek(s) != '\n')
		s->pos++;
	return NULL;
}

static char *bare_word(struct conf_parser *p, struct conf_source *s)
{
	size_t start = s->pos;
	char *text;

	while (is_bare(peek(s)))
		s->pos++;
	text = strndup(s->text + start, s->pos - start);
	if (!text)
		p->out_of_memory = true;
	return text;
}

/* From the dollar; the macro's value, or NULL after a message. */
static char *macro_word(struct conf_parser *p, struct conf_source *s)
{
	const char *value;
	char name[64], *text;
	size_t n = 0;
	bool brace;

	s->pos++;
	brace = peek(s) == '{';
	s->pos += brace;
	while (n < sizeof(name) - 1 && (peek(s) == '_' || (peek(s) > 0 && isalnum(peek(s)))))
		name[n++] = s->text[s->pos++];
	name[n] = '\0';
	if (brace && peek(s) == '}')
		s->pos++;
	else if (brace)
		n = 0;
	value = n ? conf_macro_get(p->macros, name) : NULL;
	if (!value) {
		token_note(p, s, s->line, strdup("$"), true);
		if (n)
			conf_error(p, "macro \"%s\" is not defined", name);
		else
			conf_error(p, "a macro name must follow \"$\"");
		return NULL;
	}
	text = strdup(value);
	if (!text)
		p->out_of_memory = true;
	return text;
}

static int keyword_token(const char *word)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keywords); i++)
		if (!strcmp(keywords[i].word, word))
			return keywords[i].token;
	return TEXT;
}

/* A character that is a token by itself, or a fault. */
static int single_token(struct conf_parser *p, struct conf_source *s)
{
	unsigned char c = (unsigned char)s->text[s->pos++];
	char word[8] = { (char)c };
	int token = c == ';' ? '\n' : c;

	if (c == '\n' || c == ';')
		strcpy(word, "\n");
	token_note(p, s, s->line, strdup(word), false);
	if (c == '\n')
		s->line++;
	if (strchr("\n;{}=", c) && c)
		return token;
	if (c > 0x20 && c < 0x7f)
		conf_error(p, "character '%c' must be in quotes", c);
	else
		conf_error(p, "byte 0x%02x must be in quotes", c);
	/* The rest of a character of several bytes is the same fault. */
	while (c >= 0x80 && peek(s) >= 0x80)
		s->pos++;
	p->lex_failed = true;
	return LEX_ERROR;
}

/* The end of an include ends its last statement too, with or without a newline. */
static int source_end(struct conf_parser *p, struct conf_source *s)
{
	token_note(p, s, s->line, strdup(p->depth > 1 ? "\n" : ""), false);
	if (p->depth > 1 || (s->len && s->text[s->len - 1] != '\n' && s->pos == s->len)) {
		if (p->depth > 1)
			conf_source_pop(p);
		else
			s->pos++;	/* the newline that was missing */
		return '\n';
	}
	return 0;
}

int conf_lex(union conf_value *ret, struct conf_parser *p)
{
	struct conf_source *s = SLIST_FIRST(&p->sources);
	unsigned int line;
	char *word;
	bool quoted;
	int c;

	if (p->out_of_memory || p->error_count >= CONF_ERRORS_MAX)
		return 0;
	if (!s->begun) {
		s->begun = true;
		if (p->depth > 1) {
			token_note(p, s, 1, strdup("\n"), false);
			return '\n';
		}
	}
	skip_blanks(s);
	c = peek(s);
	line = s->line;
	if (c == WORD_STOP)
		return source_end(p, s);
	quoted = c == '"' || c == '$';
	if (c == '"')
		word = quoted_word(p, s);
	else if (c == '$')
		word = macro_word(p, s);
	else if (is_bare(c))
		word = bare_word(p, s);
	else
		return single_token(p, s);
	if (!word) {
		p->lex_failed = true;
		return LEX_ERROR;
	}
	token_note(p, s, line, strdup(word), quoted);
	c = quoted ? TEXT : keyword_token(word);
	if (c == TEXT)
		ret->text = word;
	else
		free(word);
	return c;
}
