package workshop

import (
	"context"
	"fmt"
	"regexp"
	"strconv"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity/inspect"
	"github.com/sigwalk/sigwalk/actions/verification"
)

// lastOf returns the last value of type T that the step's own line left.
func lastOf[T any](a *asked) (T, bool) {
	for i := len(a.result.Values) - 1; i >= 0; i-- {
		if v, ok := a.result.Values[i].(T); ok {
			return v, true
		}
	}
	var none T
	return none, false
}

// enough holds a number against count or at-least.
func (a *asked) enough(found int) (want string, ok bool) {
	if count := a.with["count"]; count != "" {
		n, err := strconv.Atoi(count)
		return "exactly " + count, err == nil && found == n
	}
	n, err := strconv.Atoi(a.with["at-least"])
	return "at least " + a.with["at-least"], err == nil && found >= n
}

// sameImage reports whether what a result is about is the image that the check names, by digest. Without an image in the
// check any will do.
func (a *asked) sameImage(ctx context.Context, digest string) (CheckResult, bool) {
	if a.with["image"] == "" {
		return CheckResult{}, true
	}
	c, err := a.world.clients()
	if err != nil {
		return broken(err), false
	}
	image, err := c.registry.Resolve(ctx, a.with["image"])
	if err != nil {
		return refused(err), false
	}
	if want := image.Digest.DigestStr(); want != digest {
		return fails(fmt.Sprintf("the command looked at %s, and the lesson is about %s", short(digest), short(want))), false
	}
	return CheckResult{}, true
}

// tableRows holds the rows that the step's verification found good against what they must be.
func (a *asked) tableRows(ctx context.Context) CheckResult {
	report, ok := lastOf[*verification.Report](a)
	if !ok {
		return fails("the command verified nothing")
	}
	if outcome, same := a.sameImage(ctx, report.Digest.DigestStr()); !same {
		return outcome
	}
	switch byExpression := report.Policy.SubjectRegexp != ""; {
	case a.with["policy"] == "regexp" && !byExpression:
		return fails("the command asked for one subject and not for a regular expression")
	case a.with["policy"] == "exact" && byExpression:
		return fails("the command asked by regular expression and not for one subject")
	}
	rows := report.Verified()
	for _, row := range rows {
		if why := a.mismatch(row); why != "" {
			return fails(why)
		}
	}
	if want, ok := a.enough(len(rows)); !ok {
		return failsBy(fmt.Sprintf("%s verified, and %s wanted", signatures(len(rows)), want), report.Verdict())
	}
	return holds("%s verified of %d", signatures(len(rows)), len(report.Signatures))
}

// signatures counts in words.
func signatures(n int) string {
	if n == 1 {
		return "1 signature"
	}
	return fmt.Sprintf("%d signatures", n)
}

// mismatch says how a row differs from the subject and issuer that the check names, or "".
func (a *asked) mismatch(row verification.Signature) string {
	for _, part := range []struct{ name, got string }{{"subject", row.Subject}, {"issuer", row.Issuer}} {
		if want := a.with[part.name]; want != "" && want != part.got {
			return fmt.Sprintf("a row has the %s %s, and %s is wanted", part.name, part.got, want)
		}
		if want := a.with[part.name+"-regexp"]; want != "" {
			pattern, err := regexp.Compile(want)
			if err != nil || !pattern.MatchString(part.got) {
				return fmt.Sprintf("a row has the %s %s, which %s does not match", part.name, part.got, want)
			}
		}
	}
	return ""
}

// treeSignatures counts the signatures in the tree that the step's command made.
func (a *asked) treeSignatures(ctx context.Context) CheckResult {
	root, ok := lastOf[*verification.Node](a)
	if !ok {
		return fails("the command made no tree")
	}
	if outcome, same := a.sameImage(ctx, root.Digest.String()); !same {
		return outcome
	}
	found := countSignatures(root)
	if want, ok := a.enough(found); !ok {
		return fails(fmt.Sprintf("%s in the tree, and %s wanted", signatures(found), want))
	}
	return holds("%s in the tree", signatures(found))
}

func countSignatures(node *verification.Node) int {
	n := 0
	if node.Kind == verification.NodeSignature {
		n++
	}
	for _, child := range node.Children {
		n += countSignatures(child)
	}
	return n
}

// tokenRead wants the step's command to have foretold what Fulcio does with a token.
func (a *asked) tokenRead() CheckResult {
	report, ok := lastOf[*inspect.Report](a)
	if !ok {
		return fails("the command read no token")
	}
	if want := a.with["verdict"]; string(report.Verdict) != want {
		return fails(fmt.Sprintf("the forecast is %q, and %q is wanted", report.Verdict, want))
	}
	subject := ""
	if report.Subject != nil {
		subject = report.Subject.Name
	}
	if want := a.with["subject"]; want != "" && want != subject {
		return fails(fmt.Sprintf("the certificate would be for %q, and %q is wanted", subject, want))
	}
	if subject == "" {
		return holds("%s", report.Verdict)
	}
	return holds("%s, for %s", report.Verdict, subject)
}

// commandFails wants the step's command to fail, in the way named.
func (a *asked) commandFails(ctx context.Context) CheckResult {
	if got := strconv.Itoa(a.result.ExitCode); got != a.with["exit-code"] {
		return fails(fmt.Sprintf("the command ended with exit code %s, and %s is wanted", got, a.with["exit-code"]))
	}
	code := actions.CodeOf(a.result.Err)
	if want := a.with["error"]; want != "" && string(code) != want {
		return failsBy(fmt.Sprintf("the command failed by %q, and %q is wanted", code, want), a.result.Err)
	}
	if a.with["reason"] == "" && a.with["image"] == "" {
		return holds("exit code %s", a.with["exit-code"])
	}
	report, ok := lastOf[*verification.Report](a)
	if !ok {
		return fails("the command verified nothing")
	}
	if outcome, same := a.sameImage(ctx, report.Digest.DigestStr()); !same {
		return outcome
	}
	if len(report.Signatures) == 0 {
		return fails("there was no signature to refuse")
	}
	want := a.with["reason"]
	if want == "" {
		return holds("exit code %s: %s refused", a.with["exit-code"], signatures(len(report.Signatures)))
	}
	// Beside it there may be signatures that are refused whoever is asked for, such as those in another log.
	so := 0
	for _, row := range report.Signatures {
		if string(reasonCode(row)) == want {
			so++
		}
	}
	if so == 0 {
		row := report.Signatures[0]
		return fails(fmt.Sprintf("a signature by %s was refused by %q, and %q is wanted", row.Subject, reasonCode(row), want))
	}
	return holds("exit code %s: %s refused by %q", a.with["exit-code"], signatures(so), want)
}

func reasonCode(row verification.Signature) actions.Code {
	if row.Reason == nil {
		return ""
	}
	return row.Reason.Code
}
