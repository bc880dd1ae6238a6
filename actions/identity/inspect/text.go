package inspect

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Text is the report for people: the header, what each claim means, and what Fulcio will do.
func (r *Report) Text() string {
	var b strings.Builder
	r.aboutToken(&b)
	r.aboutFulcio(&b)
	return b.String()
}

// meanings say what a claim is. Those that say more in Text are not here.
func meanings() map[string]string {
	return map[string]string{
		"iss": "who made the token", "sub": "whom it is about, by the issuer's own number or name", "aud": "for which program it is",
		"azp": "the program that asked for it", "email": "the address that a certificate will be for", "email_verified": "whether the issuer knows that the address is the person's",
		"exp": "when it ends", "iat": "when it was made", "nbf": "from when on it counts", "auth_time": "when the person logged in",
		"nonce": "ties it to one sign-in", "at_hash": "ties it to the access token that came with it", "c_hash": "ties it to the code that it was got with",
		"scope": "what was asked for", "name": "the person's name", "preferred_username": "the name to log in with", "jti": "the number of this token",
		"typ": "the kind of token", "sid": "the session at the issuer", "session_state": "the session at the issuer", "acr": "how strictly the person was checked",
		"job_workflow_ref": "the workflow that ran", "ci_config_ref_uri": "the pipeline that ran", "repository": "the repository that it ran for",
		"ref": "the branch or tag", "sha": "the commit",
	}
}

func (r *Report) aboutToken(b *strings.Builder) {
	b.WriteString("Header\n")
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		fmt.Fprintf(b, "  %-20s %s\n", plain(name), shown(r.Header[name]))
	}
	b.WriteString("\nClaims\n")
	known, at := meanings(), map[string]Moment{}
	for _, m := range r.Moments {
		at[m.Claim] = m
	}
	for _, name := range slices.Sorted(maps.Keys(r.Claims)) {
		value, meaning := shown(r.Claims[name]), known[name]
		if m, ok := at[name]; ok {
			value = m.At.Format(time.DateTime) + " UTC, " + m.Words
		}
		if meaning != "" {
			meaning = "   (" + meaning + ")"
		}
		fmt.Fprintf(b, "  %-20s %s%s\n", plain(name), value, meaning)
	}
	if r.Life != "" {
		fmt.Fprintf(b, "\nIt lives for %s.\n", r.Life)
	}
}

func (r *Report) aboutFulcio(b *strings.Builder) {
	fulcio := "Fulcio"
	if r.Fulcio != "" {
		fulcio += " at " + r.Fulcio
	}
	fmt.Fprintf(b, "\n%s\n", fulcio)
	for _, c := range r.Checks {
		fmt.Fprintf(b, "  %-8s %-14s %s\n", mark(c.State), c.ID, c.What)
		if c.Why != "" {
			fmt.Fprintf(b, "           why:  %s\n", c.Why)
		}
		if c.Next != "" {
			fmt.Fprintf(b, "           next: %s\n", c.Next)
		}
	}
	if r.ClockOff != "" {
		fmt.Fprintf(b, "  note: %s\n", r.ClockOff)
	}
	b.WriteString("\n" + r.Prediction() + "\n")
}

// mark is the word for a state. Skipped is never the mark of what is well.
func mark(s State) string {
	switch s {
	case Passed:
		return "ok"
	case Failed:
		return "x"
	case Unsure:
		return "?"
	case Skipped:
	}
	return "--"
}

// Prediction is the verdict as a sentence.
func (r *Report) Prediction() string {
	who := ""
	if s := r.Subject; s != nil {
		presumed := ""
		if s.Presumed {
			presumed = ", by the usual rule"
		}
		who = fmt.Sprintf(" The certificate will be for %s (%s)%s, and say that %s vouches for it.", plain(s.Name), s.Kind, presumed, plain(s.Issuer))
	}
	switch r.Verdict {
	case Accepted:
		return "Fulcio will take this token." + who
	case Refused:
		for _, c := range r.Checks {
			if c.State == Failed {
				return "Fulcio will refuse this token: " + c.What + "."
			}
		}
	case Unknown:
	}
	return "Whether Fulcio takes this token cannot be seen from here; nothing that was seen speaks against it." + who
}

// shown is a value of a claim on one line.
func shown(value any) string {
	if text, ok := value.(string); ok {
		return plain(text)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return plain(err.Error())
	}
	return plain(string(text))
}
