package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/newfile"
)

// Document is the report for the person who helps, in Markdown: what was examined, with what, every check with what it saw,
// and every network call. Each of secrets is replaced by dots wherever it should stand.
func (r *Report) Document(about []Fact, calls []actions.Call, secrets []actions.Secret) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# What sigwalk doctor found\n\n%s, on %s.\n", r.Summary(), r.Began.Format(time.RFC3339))
	table := func(title string, facts []Fact) {
		fmt.Fprintf(&b, "\n## %s\n\n", title)
		for _, f := range facts {
			fmt.Fprintf(&b, "    %-26s %s\n", f.Name, plain(f.Value))
		}
	}
	table("With", about)
	table("The deployment", r.Deployment)
	b.WriteString("\n## Checks\n\n")
	for line := range strings.Lines(r.Text(true)) {
		if strings.TrimSpace(line) != "" {
			b.WriteString("    ")
		}
		b.WriteString(line)
	}
	b.WriteString("\n## Network calls\n\n")
	for _, c := range calls {
		how := fmt.Sprint(c.Status)
		if c.Err != "" {
			how = plain(c.Err)
		}
		fmt.Fprintf(&b, "    %s  %-4s %s%s  %s  %d ms\n", c.At.UTC().Format("15:04:05.000"), c.Method, c.Host, plain(c.Path), how, c.Took.Milliseconds())
	}
	text := b.String()
	for _, s := range secrets {
		const guessable = 4 // what is shorter stands everywhere
		if secret := s.Reveal(); len(secret) >= guessable {
			text = strings.ReplaceAll(text, secret, "........")
		}
	}
	// Nor what stands before the host of an address.
	return regexp.MustCompile(`://[^/\s@]+@`).ReplaceAllString(text, "://........@")
}

// CreateFile begins a new file that nobody else can read, which is under its name when it was committed. It fails with CodeFileInTheWay where
// one is there, which stays as it is, and with CodeStateUnwritable.
func CreateFile(path string) (*newfile.File, error) {
	file, err := newfile.Create(path)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, &actions.Error{Code: actions.CodeFileInTheWay, What: path + " is there already", Why: "nothing is overwritten", Next: "give --report another name, or remove the file", Err: err}
	case err != nil:
		return nil, &actions.Error{Code: actions.CodeStateUnwritable, What: "the report cannot be written to " + path, Why: plain(err.Error()), Next: "give --report a file in a directory that can be written", Err: err}
	}
	return file, nil
}
