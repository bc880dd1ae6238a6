package workshop

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/sigwalk/sigwalk/actions/identity/inspect"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/workshop/lab"
)

// The kinds of checks.
const (
	kindImageAtDigest    = "image-at-digest"
	kindVariableSet      = "variable-set"
	kindTrustRoot        = "trust-root"
	kindRegistryLogin    = "registry-login"
	kindToken            = "token"
	kindSignaturePresent = "signature-present"
	kindKeySignature     = "key-signature-present"
	kindLogEntryExists   = "log-entry-exists"
	kindFilePresent      = "file-present"
	kindOrganization     = "organization"
	kindTechnicalUser    = "technical-user"
	kindTableRows        = "table-rows"
	kindTreeSignatures   = "tree-signatures"
	kindCommandFails     = "command-fails"
	kindTokenRead        = "token-read"
	kindAnswer           = "answer"
	kindSignaturesLost   = "signatures-lost"
	kindRecovered        = "signatures-recovered"
	kindTampered         = "tampered"
	kindTrustCheck       = "trust-check"
	kindTrustDiff        = "trust-diff"
	kindBadge            = "badge"
	kindPacked           = "pack-verified"
	kindCheckState       = "check-state"
	kindExplained        = "explained"
)

// checkKind is what a lesson may write in a check of one kind.
type checkKind struct {
	name string
	// title is what a check is called that has no title of its own.
	title string
	// params may be given, required must be; of each group in oneOf exactly one must be.
	params   []param
	required []string
	oneOf    [][]string
	// ofRun is true for kinds that look at the typed result of the step's own command, false for those that look at the
	// world.
	ofRun bool
	// lasting kinds count for a step that is done even when they hold no longer: an identity token expires in minutes,
	// and the step that fetched it was done all the same.
	lasting bool
}

// param is a parameter of a check; valid says what to write instead of a value, or "".
type param struct {
	name  string
	valid func(value string) string
}

func anything(string) string { return "" }

func wholeNumber(value string) string {
	if n, err := strconv.Atoi(value); err != nil || n < 0 {
		return "write a whole number"
	}
	return ""
}

func expression(value string) string {
	if _, err := regexp.Compile(value); err != nil {
		return "write a regular expression of Go (RE2)"
	}
	return ""
}

func variable(value string) string {
	if !variableName.MatchString(value) {
		return "write the variable's name without $"
	}
	return ""
}

func oneWordOf(words ...string) func(string) string {
	return func(value string) string {
		for _, word := range words {
			if value == word {
				return ""
			}
		}
		return instead(value, words)
	}
}

// checkKinds is the catalogue; docs/lesson-format.md describes it for authors, and a test keeps the two together.
var checkKinds = []checkKind{
	{
		name: kindImageAtDigest, title: "the image is in the registry",
		params:   []param{{"image", anything}, {"source", anything}, {"digest", anything}, {"user", anything}, {"password", anything}},
		required: []string{"image"},
	},
	{
		name: kindVariableSet, title: "the variable is set",
		params:   []param{{"name", variable}, {"matches", expression}},
		required: []string{"name"},
	},
	{
		name: kindTrustRoot, title: "the trust root is there and in date",
		params: []param{{"mirror", anything}, {"checksum", anything}},
	},
	{
		name: kindRegistryLogin, title: "the registry accepts your credentials for pushing",
		params:   []param{{"image", anything}},
		required: []string{"image"},
	},
	{
		name: kindToken, title: "the identity token is valid now", lasting: true,
		params: []param{{"name", variable}, {"subject", anything}, {"issuer", anything}, {"audience", anything}},
	},
	{
		name: kindSignaturePresent, title: "a signature that verifies is in the registry",
		params: []param{
			{"image", anything}, {"subject", anything}, {"subject-regexp", expression}, {"issuer", anything}, {"issuer-regexp", expression},
		},
		required: []string{"image"},
		oneOf:    [][]string{{"subject", "subject-regexp"}, {"issuer", "issuer-regexp"}},
	},
	{
		name: kindLogEntryExists, title: "the transparency log holds the signature's entry",
		params: []param{
			{"image", anything}, {"subject", anything}, {"subject-regexp", expression}, {"issuer", anything}, {"issuer-regexp", expression},
		},
		required: []string{"image"},
		oneOf:    [][]string{{"subject", "subject-regexp"}, {"issuer", "issuer-regexp"}},
	},
	{
		name: kindKeySignature, title: "a signature that the public key verifies is in the registry",
		params:   []param{{"image", anything}, {"key", anything}},
		required: []string{"image", "key"},
	},
	{
		name: kindFilePresent, title: "the file is there",
		params:   []param{{"path", anything}, {"holds", anything}},
		required: []string{"path"},
	},
	{
		name: kindOrganization, title: "the organisation is there",
		params:   []param{{"name", anything}, {"registry", anything}, {"token", anything}},
		required: []string{"name", "registry"},
	},
	{
		name: kindTechnicalUser, title: "the technical user is there",
		params:   []param{{"email", anything}, {"username", anything}},
		required: []string{"email"},
	},
	{
		name: kindTableRows, title: "signatures verified", ofRun: true,
		params: []param{
			{"image", anything},
			{"count", wholeNumber},
			{"at-least", wholeNumber},
			{"subject", anything},
			{"subject-regexp", expression},
			{"issuer", anything},
			{"issuer-regexp", expression},
			{"policy", oneWordOf("exact", "regexp")},
		},
		oneOf: [][]string{{"count", "at-least"}},
	},
	{
		name: kindTreeSignatures, title: "the tree shows signatures", ofRun: true,
		params: []param{{"image", anything}, {"count", wholeNumber}, {"at-least", wholeNumber}},
		oneOf:  [][]string{{"count", "at-least"}},
	},
	{
		name: kindTokenRead, title: "the token was read", ofRun: true,
		params:   []param{{"verdict", oneWordOf(string(inspect.Accepted), string(inspect.Refused))}, {"subject", anything}},
		required: []string{"verdict"},
	},
	{
		name: kindAnswer, title: "the answer is right", ofRun: true,
		params: []param{
			{"text", anything}, {"of", oneWordOf(ofSignatures, ofSigners, ofLogIndex, ofDigest, ofTags, ofConsumers)}, {"image", anything}, {"subject", anything},
		},
		oneOf: [][]string{{"text", "of"}},
	},
	{
		name: kindSignaturesLost, title: "signatures were lost", ofRun: true,
		params:   []param{{"image", anything}, {"at-least", wholeNumber}},
		required: []string{"at-least"},
	},
	{
		name: kindRecovered, title: "signatures were brought back", ofRun: true,
		params:   []param{{"image", anything}, {"at-least", wholeNumber}},
		required: []string{"at-least"},
	},
	{
		name: kindTampered, title: "the check turned red", ofRun: true,
		params:   []param{{"case", anything}, {"red", oneWordOf(lab.Predictions()...)}, {"predicted", oneWordOf("right")}},
		required: []string{"case"},
	},
	{
		name: kindTrustCheck, title: "the trust root was held against the signatures", ofRun: true,
		params: []param{{"count", wholeNumber}, {"at-least", wholeNumber}},
		oneOf:  [][]string{{"count", "at-least"}},
	},
	{
		name: kindTrustDiff, title: "the trust roots differ", ofRun: true,
		params:   []param{{"what", oneWordOf("added", "removed", "changed")}, {"part", anything}, {"at-least", wholeNumber}},
		required: []string{"what", "part"},
	},
	{
		name: kindBadge, title: "the page shows a badge", ofRun: true,
		params: []param{{"repository", anything}, {"count", wholeNumber}, {"at-least", wholeNumber}},
		oneOf:  [][]string{{"count", "at-least"}},
	},
	{
		name: kindPacked, title: "the pack verifies without the network", ofRun: true,
		params:   []param{{"image", anything}, {"at-least", wholeNumber}},
		required: []string{"at-least"},
	},
	{
		name: kindCheckState, title: "the matrix shows the check", ofRun: true,
		params: []param{
			{"check", oneWordOf(checkNames()...)}, {"state", oneWordOf(checkStates()...)}, {"image", anything}, {"subject", anything}, {"count", wholeNumber}, {"at-least", wholeNumber},
		},
		required: []string{"check", "state"}, oneOf: [][]string{{"count", "at-least"}},
	},
	{
		name: kindExplained, title: "the command explained it", ofRun: true,
		params: []param{{"code", anything}}, required: []string{"code"},
	},
	{
		name: kindCommandFails, title: "the command fails as it must", ofRun: true,
		params:   []param{{"exit-code", wholeNumber}, {"error", anything}, {"reason", anything}, {"image", anything}},
		required: []string{"exit-code"},
	},
}

// kindOf finds a kind by name.
func kindOf(name string) (checkKind, bool) {
	for _, kind := range checkKinds {
		if kind.name == name {
			return kind, true
		}
	}
	return checkKind{}, false
}

// runKinds names the kinds that look at what the step's own command gave.
func runKinds() []string {
	var names []string
	for _, kind := range checkKinds {
		if kind.ofRun {
			names = append(names, kind.name)
		}
	}
	return names
}

func kindNames() []string {
	names := make([]string, len(checkKinds))
	for i, kind := range checkKinds {
		names[i] = kind.name
	}
	return names
}

// readChecks reads the list of a check block.
func (p *lessonParser) readChecks(step *Step, content string, first int) {
	const howTo = "write a list, each entry beginning with - kind: " + kindImageAtDigest + " or another kind"
	node := p.document(content, first, "the check block")
	if node == nil {
		return
	}
	entries, ok := sequence(node)
	if !ok {
		p.add(first+node.Line-1, "the check block is no list", howTo)
		return
	}
	for _, entry := range entries {
		line := first + entry.Line - 1
		fields, ok := p.fields(entry, first, "the check")
		if !ok {
			continue
		}
		name := p.scalar(fields, "kind", line, "write - kind: and one of "+orList(kindNames()))
		if name == "" {
			continue
		}
		kind, ok := kindOf(name)
		if !ok {
			p.add(fields["kind"].line, fmt.Sprintf("there is no check of the kind %q", name), instead(name, kindNames()))
			continue
		}
		check := Check{Kind: name, Title: kind.title, With: map[string]string{}, Line: line}
		if _, given := fields["title"]; given {
			check.Title = p.scalar(fields, "title", line, "write what must hold, or remove title")
		}
		delete(fields, "kind")
		delete(fields, "title")
		p.readParams(&check, kind, fields)
		step.Checks = append(step.Checks, check)
	}
}

// readParams reads what a check is given and holds it against its kind.
func (p *lessonParser) readParams(check *Check, kind checkKind, fields map[string]field) {
	var known []string
	for _, param := range kind.params {
		known = append(known, param.name)
		if _, given := fields[param.name]; !given {
			continue
		}
		value := p.scalar(fields, param.name, check.Line, "write a value, between single quotes if it holds : or #")
		if value == "" {
			delete(fields, param.name)
			continue
		}
		line := fields[param.name].line
		delete(fields, param.name)
		// What holds a variable is known only when it is expanded.
		if fix := param.valid(value); fix != "" && !mentionsVariable(value) {
			p.add(line, fmt.Sprintf("%s is %q", param.name, value), fix)
		}
		check.With[param.name] = value
	}
	for name, f := range fields {
		p.add(f.line, fmt.Sprintf("a check of the kind %s knows no %q", kind.name, name), instead(name, known))
	}
	for _, name := range kind.required {
		if check.With[name] == "" {
			p.add(check.Line, fmt.Sprintf("a check of the kind %s has no %s", kind.name, name), "add "+name+":")
		}
	}
	for _, group := range kind.oneOf {
		var given []string
		for _, name := range group {
			if _, ok := check.With[name]; ok {
				given = append(given, name)
			}
		}
		switch len(given) {
		case 1:
		case 0:
			p.add(check.Line, fmt.Sprintf("a check of the kind %s says neither %s", kind.name, strings.Join(group, " nor ")), "add "+orList(group)+":")
		default:
			p.add(check.Line, fmt.Sprintf("a check of the kind %s says %s", kind.name, strings.Join(given, " and ")), "keep one of them")
		}
	}
}

func checkNames() []string {
	ids := verification.Checks()
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = string(id)
	}
	return names
}

func checkStates() []string {
	return []string{string(verification.CheckOK), string(verification.CheckFailed), string(verification.CheckSkipped), string(verification.CheckNotApplicable)}
}
