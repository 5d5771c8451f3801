#include "cli/setup.h"

#include "base/sys.h"

static const struct {
	const char *text, *prompt;
} questions[SETUP_QUESTIONS] = {
	[SETUP_URL] = { "The address that people type, such as https://login.example.org.", "Public address" },
	[SETUP_PROXY] = { "The reverse proxy on this machine: nginx, caddy, traefik, haproxy, envoy or none.",
			  "Proxy" },
	[SETUP_REGISTRATION] = { "Who may register: open (everyone), invite (people with a link) or closed.",
				 "Registration" },
	[SETUP_ADMIN] = { "The first administrator's user name.  An existing account is kept.", "User name" },
};

/* Read a line, also from input without a last line end. */
static err
setup_ask_read(struct buf *ret_line)
{
	char byte = '\0';
	ssize_t n;

	while ((n = sys_read(STDIN_FILENO, &byte, 1)) == 1 && byte != '\n')
		buf_put_byte(ret_line, byte);
	if (n < 0)
		return ERR_IO;
	return n == 0 && ret_line->n == 0 ? ERR_NOT_FOUND : buf_check(ret_line);
}

err
setup_ask(enum setup_question question, const char *standard, char ret_answer[SETUP_ANSWER_MAX])
{
	CLEANUP(buf_wipe) struct buf line = BUF(SETUP_ANSWER_MAX - 1);
	str typed;

	cli_say("%s", questions[question].text);
	if (standard[0] == '\0')
		cli_prompt("%s: ", questions[question].prompt);
	else
		cli_prompt("%s [%s]: ", questions[question].prompt, standard);
	TRY(setup_ask_read(&line));
	typed = str_trim(buf_str(&line));
	return str_copy_z(typed.n == 0 ? str_of(standard) : typed, ret_answer, SETUP_ANSWER_MAX);
}
