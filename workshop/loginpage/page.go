package loginpage

import (
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/sigwalk/sigwalk/actions"
)

// page is what matters of an HTML page.
type page struct {
	at    *url.URL
	title string
	forms []*form
	// code is the value of a field that stands for itself: the page shows it to be copied.
	code actions.Secret
	// complaint is what the page says about what was sent, as far as one can tell.
	complaint string
}

type form struct {
	action *url.URL
	method string
	fields []field
}

type field struct{ name, kind, value string }

// formKind is what a form is for.
type formKind int

const (
	formNone formKind = iota
	formPassword
	formUserCode
	formConsent
)

// read reads a page.
func read(in io.Reader, at *url.URL) (*page, error) {
	root, err := html.Parse(in)
	if err != nil {
		return nil, err
	}
	p := &page{at: at}
	p.walk(root, nil)
	return p, nil
}

func (p *page) walk(n *html.Node, within *form) {
	if n.Type == html.ElementNode {
		switch n.DataAtom {
		case atom.Title:
			p.title = textOf(n)
		case atom.Form:
			within = p.newForm(n)
			p.forms = append(p.forms, within)
		case atom.Input, atom.Button:
			p.input(n, within)
		default: // it changes nothing
		}
		if id := attribute(n, "id"); strings.Contains(id, "error") && p.complaint == "" {
			p.complaint = textOf(n)
		}
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		p.walk(child, within)
	}
}

func (p *page) newForm(n *html.Node) *form {
	f := &form{action: p.at, method: http.MethodGet}
	if action, err := p.at.Parse(attribute(n, "action")); err == nil {
		f.action = action
	}
	if strings.EqualFold(attribute(n, "method"), http.MethodPost) {
		f.method = http.MethodPost
	}
	return f
}

func (p *page) input(n *html.Node, within *form) {
	in := field{name: attribute(n, "name"), kind: strings.ToLower(attribute(n, "type")), value: attribute(n, "value")}
	if n.DataAtom == atom.Button && in.kind == "" {
		in.kind = "submit"
	}
	switch {
	case within != nil:
		within.fields = append(within.fields, in)
	case in.value != "" && (in.kind == "text" || in.kind == "") || attribute(n, "id") == "code":
		p.code = actions.NewSecret(in.value)
	}
}

// next chooses the form to go on with.
func (p *page) next() (*form, formKind) {
	for _, f := range p.forms {
		for _, in := range f.fields {
			switch {
			case in.kind == "password":
				return f, formPassword
			case in.name == "user_code" || in.name == "device_user_code":
				return f, formUserCode
			case in.name == "accept" || in.name == "approval" && in.value == "approve":
				return f, formConsent
			}
		}
	}
	return nil, formNone
}

// filled is what a person would send.
func (f *form) filled(what formKind, v Visit) url.Values {
	values := url.Values{}
	named := false
	for _, in := range f.fields {
		switch {
		case in.name == "":
		case in.kind == "hidden":
			values.Set(in.name, in.value)
		case in.kind == "password":
			values.Set(in.name, v.Password.Reveal())
		case what == formPassword && !named && (in.kind == "text" || in.kind == "email" || in.kind == ""):
			named = true
			values.Set(in.name, v.Username)
		case what == formUserCode && in.kind == "text":
			values.Set(in.name, in.value)
			if in.value == "" {
				values.Set(in.name, v.UserCode)
			}
		case what == formConsent && (in.name == "accept" || in.value == "approve"):
			values.Set(in.name, in.value)
		}
	}
	return values
}

// strange is the error for a page that is not as expected.
func (p *page) strange(why string) error {
	what := "the login page at " + p.at.Host + " cannot be used"
	if p.title != "" {
		what += " (" + strings.Join(strings.Fields(p.title), " ") + ")"
	}
	return &actions.Error{
		Code: actions.CodeNotAsked, What: what, Why: why,
		Next: "open the link in a browser and look: a rehearsal knows a page with a user and a password alone",
	}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// textOf is the text below a node, on one line.
func textOf(n *html.Node) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data + " ")
		}
		for child := n.FirstChild; child != nil; child = child.NextSibling {
			walk(child)
		}
	}
	walk(n)
	return strings.Join(strings.Fields(b.String()), " ")
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
