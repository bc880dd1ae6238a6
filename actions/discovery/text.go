package discovery

import (
	"fmt"
	"strings"
)

// Text is the report for people.
func (r *Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Cluster %s\n", r.Server)
	if r.Context != "" {
		fmt.Fprintf(&b, "  context %s, ", r.Context)
	} else {
		b.WriteString("  ")
	}
	fmt.Fprintf(&b, "account %s, namespace %s, from %s\n", r.User, r.Namespace, r.Kubeconfig)
	for i := range r.Deployments {
		b.WriteString("\n")
		r.Deployments[i].write(&b)
	}
	if len(r.Values) > 0 {
		b.WriteString("\nThe cluster\n")
		writeValues(&b, r.Values)
	}
	if len(r.Downloads) > 0 {
		b.WriteString("\nClients to download\n")
		for _, d := range r.Downloads {
			fmt.Fprintf(&b, "  %s  %s\n    from %s\n", d.Text, d.URL, d.Source)
		}
	}
	writeGaps(&b, "\nNot found\n", r.Gaps)
	return b.String()
}

func (d *Deployment) write(b *strings.Builder) {
	fmt.Fprintf(b, "Trusted Artifact Signer %s", d.ID())
	if !d.Created.IsZero() {
		fmt.Fprintf(b, ", since %s", d.Created.UTC().Format("2006-01-02 15:04 UTC"))
	}
	b.WriteString("\n")
	if d.Ready {
		b.WriteString("  ok ready\n")
	} else {
		fmt.Fprintf(b, "  x  not ready: %s\n", strings.TrimSpace(d.Reason+" "+d.Message))
	}
	if d.Outdated {
		b.WriteString("  !  it was changed since the operator last looked: what stands here may be of before\n")
	}
	writeValues(b, d.Values)
	if len(d.Issuers) > 1 {
		b.WriteString("  Fulcio accepts several identity providers:\n")
		for _, i := range d.Issuers {
			fmt.Fprintf(b, "    %s  client %s, type %s\n", i.URL, i.ClientID, i.Type)
		}
	}
	writeGaps(b, "  Not found\n", d.Gaps)
}

func writeValues(b *strings.Builder, values []Value) {
	for _, v := range values {
		text := v.Value
		if !v.Secret.IsZero() {
			text = v.Secret.String()
		}
		fmt.Fprintf(b, "  %s=%s\n    from %s\n", v.Variable, text, v.Source)
		if v.Inside {
			b.WriteString("    !  this address works inside the cluster only\n")
		}
	}
}

func writeGaps(b *strings.Builder, title string, gaps []Gap) {
	if len(gaps) == 0 {
		return
	}
	b.WriteString(title)
	for _, g := range gaps {
		fmt.Fprintf(b, "  -- %s: %s\n", g.Thing, g.Why)
		if g.Right != "" {
			fmt.Fprintf(b, "     the right that is missing: %s\n", g.Right)
		}
		if len(g.Variables) > 0 {
			fmt.Fprintf(b, "     set instead: %s\n", strings.Join(g.Variables, ", "))
		}
	}
}
