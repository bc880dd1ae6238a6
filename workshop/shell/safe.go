package shell

import (
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

// secretFlags are the flags of the built-in commands behind which a person may have typed a secret as it is.
var secretFlags = []string{
	"-p", "--password", "--identity-token", "--registry-password", "--registry-token", "-u", "--user", "--creds", "--src-creds", "--dest-creds",
	"-H", "--header",
}

// looksSecret finds what follows a word for a secret in a text that is no shell syntax.
var looksSecret = regexp.MustCompile(`(?i)((?:password|token|secret)\S*[= ]\s*)\S+`)

// Safe returns a line as it may be kept: what somebody typed as a secret, behind a flag for one or as the value of a variable
// that holds one by its name, is replaced by dots, and so is every secret that env holds. $NAMES stay as they are.
func Safe(line string, env *environment.Environment) string {
	dots := actions.NewSecret("x").String()
	statements, err := parse(line)
	if err != nil {
		return Redact(looksSecret.ReplaceAllString(line, "${1}"+dots), env)
	}
	var cuts [][2]uint
	cut := func(word *syntax.Word, from uint) {
		if word != nil && holdsText(word) {
			cuts = append(cuts, [2]uint{from, word.End().Offset()})
		}
	}
	for _, s := range statements {
		syntax.Walk(s, func(node syntax.Node) bool {
			switch n := node.(type) {
			case *syntax.Assign:
				if n.Name != nil && n.Value != nil && environment.IsSecret(n.Name.Value) {
					cut(n.Value, n.Value.Pos().Offset())
				}
			case *syntax.CallExpr:
				for i, word := range n.Args {
					text := line[word.Pos().Offset():word.End().Offset()]
					flag, _, joined := strings.Cut(text, "=")
					switch {
					case !slices.Contains(secretFlags, flag):
					case (flag == "-u" || flag == "--user") && !joined && i+1 < len(n.Args) && n.Args[i+1].Lit() != "" && !strings.Contains(n.Args[i+1].Lit(), ":"):
						// a name alone, and no NAME:PASSWORD of curl's
					case joined:
						cut(word, word.Pos().Offset()+uint(len(flag))+1)
					case i+1 < len(n.Args):
						cut(n.Args[i+1], n.Args[i+1].Pos().Offset())
					}
				}
			}
			return true
		})
	}
	slices.SortFunc(cuts, func(a, b [2]uint) int { return int(b[0]) - int(a[0]) })
	for _, c := range cuts {
		line = line[:c[0]] + dots + line[c[1]:]
	}
	return Redact(line, env)
}

// holdsText reports whether a word holds anything but variables: what is put together when the line runs is no secret yet.
func holdsText(word *syntax.Word) bool {
	for _, part := range word.Parts {
		switch p := part.(type) {
		case *syntax.ParamExp, *syntax.CmdSubst:
		case *syntax.DblQuoted:
			if holdsText(&syntax.Word{Parts: p.Parts}) {
				return true
			}
		default:
			return true
		}
	}
	return false
}

// Redact replaces identity tokens and the secrets that env holds by dots. Short secrets are words that may stand anywhere:
// they are replaced where they stand alone.
func Redact(text string, env *environment.Environment) string {
	dots := actions.NewSecret("x").String()
	for _, v := range env.List() {
		switch {
		case !v.Secret || v.Value == "":
		case len(v.Value) >= shortest:
			text = strings.ReplaceAll(text, v.Value, dots)
		default:
			alone := regexp.MustCompile(`(^|[^A-Za-z0-9_.-])` + regexp.QuoteMeta(v.Value) + `($|[^A-Za-z0-9_-])`)
			for range 2 { // neighbours share the character between them
				text = alone.ReplaceAllString(text, "${1}"+dots+"${2}")
			}
		}
	}
	return token.ReplaceAllString(text, dots)
}
