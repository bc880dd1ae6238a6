package ci

import (
	"regexp"
	"strings"
)

// secretName are the variables whose value is a secret, by what people call them.
var secretName = regexp.MustCompile(`\$\{?\{? ?(secrets\.[A-Za-z0-9_]+|[A-Z0-9_]*(TOKEN|PASSWORD|PASSWD|SECRET|PRIVATE_KEY)\b|(id|ID)_?[tT][oO][kK][eE][nN])`)

// secrets finds secrets that end where others read them.
func (l *linter) secrets(c *command) {
	if len(c.words) == 0 {
		return
	}
	line := strings.Join(c.words[1:], " ")
	secret := secretName.FindString(line)
	switch c.words[0] {
	case "echo", "printf":
		if secret == "" {
			return
		}
		switch {
		case strings.Contains(line, "::add-mask::"):
		case strings.Contains(c.into, "GITHUB_ENV") || strings.Contains(c.into, "GITHUB_OUTPUT"):
			l.add(c.line, RuleTokenShown, "a secret is written to "+c.into, "every later step of the job has it in its environment, also the steps of other people's actions",
				"export it in the one step that signs, and mask it before: echo \"::add-mask::$TOKEN\"")
		case c.into == "" && !c.piped:
			l.add(c.line, RuleTokenShown, "a secret is printed into the job's log", "GitHub and GitLab hide only what they know as a secret, and a token that a script got is none",
				"remove the line")
		}
		return
	case "curl", "wget":
		if secret != "" && strings.Contains(line, "uthorization") {
			l.add(c.line, RuleArguments, "a token is an argument of "+c.words[0], "every process of the machine can read the arguments of all others, and `set -x` prints them",
				"give the header on standard input: printf 'Authorization: bearer %s' \"$TOKEN\" | curl --header @- URL")
		}
		return
	}
	for _, flag := range []string{"--identity-token", "--password", "-p"} {
		if flag == "-p" && c.cosign() == "" && c.words[0] != "docker" && c.words[0] != "podman" && c.words[0] != "skopeo" {
			continue
		}
		if value, ok := c.flag(flag); ok && strings.Contains(value, "$") {
			next := "give it on standard input, with --password-stdin"
			if flag == "--identity-token" {
				next = "give it as the variable SIGSTORE_ID_TOKEN, or name a file that holds it"
			}
			l.add(c.line, RuleArguments, "a secret is the value of "+flag, "every process of the machine can read the arguments of all others", next)
		}
	}
	if gone := goneVariable.FindString(line); gone != "" {
		l.gone(c.line, gone)
	}
}

// goneVariable are the tokens that GitLab made until version 17.
var goneVariable = regexp.MustCompile(`CI_JOB_JWT(_V[12])?`)

func (l *linter) gone(line int, name string) {
	l.add(line, RuleGone, "GitLab no longer makes "+name, "it went with version 17.0", "define the token under id_tokens, with its aud")
}
