package curl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/shell/builtin"
)

// options is a parsed command line.
type options struct {
	urls []string

	silent, showError    bool
	failStatus, failBody bool
	follow               bool
	method               string
	headers              []string
	data                 []datum
	get, head, include   bool
	output               string
	remoteName           bool
	user, agent          string
	caFile, writeOut     string
	insecure             bool
	maxTime              time.Duration
}

// datum is one piece of data, with the flag that gave it.
type datum struct{ flag, text string }

// dataFlag collects the data of several flags in the order of the command line.
type dataFlag struct {
	name string
	to   *[]datum
}

func (d dataFlag) String() string { return "" }
func (d dataFlag) Type() string   { return "DATA" }
func (d dataFlag) Set(text string) error {
	*d.to = append(*d.to, datum{d.name, text})
	return nil
}

func parse(call *builtin.Call) (*options, error) {
	o := &options{}
	set := pflag.NewFlagSet("curl", pflag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.BoolVarP(&o.silent, "silent", "s", false, "print no errors")
	set.BoolVarP(&o.showError, "show-error", "S", false, "print errors although -s was given")
	set.BoolVarP(&o.failStatus, "fail", "f", false, "exit code 22 for an answer of 400 and above, without its body")
	set.BoolVar(&o.failBody, "fail-with-body", false, "as -f, with the body")
	set.BoolVarP(&o.follow, "location", "L", false, "follow redirects")
	set.StringVarP(&o.method, "request", "X", "", "the method")
	set.StringArrayVarP(&o.headers, "header", "H", nil, "a header, as NAME: VALUE")
	set.VarP(dataFlag{"data", &o.data}, "data", "d", "send DATA, or @FILE")
	for _, name := range []string{"data-raw", "data-binary", "data-urlencode", "data-ascii"} {
		set.Var(dataFlag{name, &o.data}, name, "")
	}
	set.Var(dataFlag{"json", &o.data}, "json", "send JSON, or @FILE")
	set.BoolVarP(&o.get, "get", "G", false, "send the data in the address")
	set.BoolVarP(&o.head, "head", "I", false, "ask for the headers only")
	set.BoolVarP(&o.include, "include", "i", false, "print the headers too")
	set.StringVarP(&o.output, "output", "o", "", "write the body to a file")
	set.BoolVarP(&o.remoteName, "remote-name", "O", false, "write the body to a file named as in the address")
	set.StringVarP(&o.user, "user", "u", "", "USER:PASSWORD")
	set.StringVarP(&o.agent, "user-agent", "A", "", "who asks")
	set.StringVar(&o.caFile, "cacert", "", "file of certificate authorities")
	set.StringVarP(&o.writeOut, "write-out", "w", "", "what to print in the end, with %{http_code} and others")
	set.BoolVarP(&o.insecure, "insecure", "k", false, "not taken: use --cacert")
	seconds := set.Float64P("max-time", "m", 0, "give up after so many seconds")
	more := set.StringArray("url", nil, "an address")
	for _, name := range []string{"compressed", "no-progress-meter", "http1.1", "tlsv1.2"} {
		set.Bool(name, false, "changes nothing here")
	}
	set.BoolP("no-buffer", "N", false, "changes nothing here")
	set.BoolP("progress-bar", "#", false, "changes nothing here")
	set.Usage = func() {
		_, _ = fmt.Fprint(call.Stdout, "curl [OPTION...] ADDRESS\n"+set.FlagUsages())
	}
	err := set.Parse(call.Args)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return o, errHelp
	case err != nil:
		return o, &actions.Error{
			Code: actions.CodeUsage, What: err.Error(),
			Next: "the options that are built in: curl --help; the real curl has more",
		}
	case o.insecure:
		return o, &actions.Error{
			Code: actions.CodeUsage,
			What: "-k is not taken here",
			Why:  "without the check of the certificate nobody knows who answers, and passwords go there",
			Next: "trust the server's certificate authority with --cacert FILE or SIGWALK_CA_FILE",
		}
	}
	o.maxTime = time.Duration(*seconds * float64(time.Second))
	o.urls = append(*more, set.Args()...)
	if len(o.urls) == 0 {
		return o, builtin.Usage("no address was given")
	}
	return o, nil
}

// request builds the request for target; on error with curl's exit code.
func (o *options) request(ctx context.Context, call *builtin.Call, target string) (*http.Request, builtin.Exit, error) {
	if !strings.Contains(target, "://") {
		target = "http://" + target
	}
	address, err := url.Parse(target)
	if err != nil || address.Host == "" && (address.Scheme == "http" || address.Scheme == "https") {
		return nil, exitURL, &actions.Error{
			Code: actions.CodeUsage, What: "the address cannot be read",
			Next: "write it as https://HOST/PATH; if a variable such as $ISSUER_URL was meant, it may have no value yet",
		}
	}
	if address.Scheme != "http" && address.Scheme != "https" {
		return nil, exitProtocol, &actions.Error{
			Code: actions.CodeUsage, What: fmt.Sprintf("protocol %q is not built in", address.Scheme),
			Next: "only http and https are",
		}
	}
	body, err := o.body(call)
	if err != nil {
		return nil, exitRead, err
	}
	method := http.MethodGet
	switch {
	case o.get && body != nil:
		if address.RawQuery != "" {
			address.RawQuery += "&"
		}
		address.RawQuery += string(body)
		body = nil
	case body != nil:
		method = http.MethodPost
	}
	if o.head {
		method = http.MethodHead
	}
	if o.method != "" {
		method = o.method
	}
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, address.String(), reader)
	if err != nil {
		return nil, exitUsage, builtin.Usage("%q is not a method", method)
	}
	o.setHeaders(req, body != nil)
	return req, 0, nil
}

func (o *options) setHeaders(req *http.Request, body bool) {
	req.Header.Set("Accept", "*/*")
	req.Header.Set("User-Agent", "curl (sigwalk)")
	if body {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if body && o.data[0].flag == "json" {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept", "application/json")
	}
	if o.agent != "" {
		req.Header.Set("User-Agent", o.agent)
	}
	if o.user != "" {
		user, password, _ := strings.Cut(o.user, ":")
		req.SetBasicAuth(user, password)
	}
	seen := make(map[string]bool)
	for _, header := range o.headers {
		name, value, colon := strings.Cut(header, ":")
		value = strings.TrimSpace(value)
		switch {
		case !colon:
			// "Name;" is a header without a value, and a word alone is none.
			if bare, ok := strings.CutSuffix(name, ";"); ok {
				req.Header.Set(bare, "")
			}
		case value == "":
			req.Header.Del(name)
		case strings.EqualFold(name, "host"):
			req.Host = value
		case seen[strings.ToLower(name)]:
			req.Header.Add(name, value)
		default:
			req.Header.Set(name, value)
			seen[strings.ToLower(name)] = true
		}
	}
}

// body joins the data; nil when there is none.
func (o *options) body(call *builtin.Call) ([]byte, error) {
	if len(o.data) == 0 {
		return nil, nil
	}
	var pieces [][]byte
	for _, d := range o.data {
		piece, err := d.read(call)
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, piece)
	}
	separator := "&"
	if o.data[0].flag == "json" {
		separator = ""
	}
	return bytes.Join(pieces, []byte(separator)), nil
}

// read returns what d sends. Only --data-raw takes a leading @ for what it is.
func (d datum) read(call *builtin.Call) ([]byte, error) {
	switch d.flag {
	case "data-raw":
		return []byte(d.text), nil
	case "data-urlencode":
		return d.encoded(call)
	}
	name, isFile := strings.CutPrefix(d.text, "@")
	if !isFile {
		return []byte(d.text), nil
	}
	data, err := readFile(call, name)
	if d.flag == "data" || d.flag == "data-ascii" {
		for _, dropped := range []string{"\r", "\n", "\x00"} {
			data = bytes.ReplaceAll(data, []byte(dropped), nil)
		}
	}
	return data, err
}

// encoded reads --data-urlencode: TEXT, =TEXT, NAME=TEXT, @FILE or NAME@FILE.
func (d datum) encoded(call *builtin.Call) ([]byte, error) {
	at := strings.IndexAny(d.text, "=@")
	if at < 0 {
		return []byte(escape(d.text)), nil
	}
	name, value := d.text[:at], []byte(d.text[at+1:])
	if d.text[at] == '@' {
		var err error
		if value, err = readFile(call, d.text[at+1:]); err != nil {
			return nil, err
		}
	}
	if name != "" {
		name += "="
	}
	return []byte(name + escape(string(value))), nil
}

// escape encodes everything but what RFC 3986 calls unreserved, as curl does.
func escape(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

func readFile(call *builtin.Call, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(call.Stdin)
	}
	return call.Files.ReadFile(call.Dir, name)
}
