package doctor

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
)

// networkChecks look up each name once, connect to each server, and compare the clocks.
func (e *examination) networkChecks() []check {
	var all []check
	users := map[string][]string{}
	var hosts []string
	for i := range e.services {
		s := &e.services[i]
		if s.url == nil {
			continue
		}
		if users[s.host()] == nil {
			hosts = append(hosts, s.host())
		}
		users[s.host()] = append(users[s.host()], s.who)
	}
	for _, host := range hosts {
		all = append(all, check{
			id: "name/" + host, group: GroupNetwork, title: "the name " + host + " is known (" + strings.Join(users[host], ", ") + ")",
			run: func(ctx context.Context) verdict { return e.lookUp(ctx, host) },
		})
	}
	var reached []string
	for i := range e.services {
		s := &e.services[i]
		c := check{id: s.reach(), group: GroupNetwork, title: s.who + " can be connected to", run: func(ctx context.Context) verdict { return e.connect(ctx, s) }}
		if s.url != nil {
			c.needs = []string{"name/" + s.host()}
		}
		all = append(all, c)
		reached = append(reached, c.id)
	}
	return append(all, check{
		id: "clock", group: GroupNetwork, title: "the clocks agree", follows: reached, run: e.clocks,
	})
}

// lookUp resolves a name.
func (e *examination) lookUp(ctx context.Context, host string) verdict {
	if net.ParseIP(host) != nil {
		return notApplicable(host + " is an address already")
	}
	for i := range e.services {
		if s := &e.services[i]; s.url != nil && s.host() == host {
			if proxy := e.proxyFor(s.url); proxy != nil {
				return notApplicable("the proxy " + proxy.Redacted() + " looks it up")
			}
		}
	}
	resolver := e.opts.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	found, err := resolver.LookupHost(ctx, host)
	if err == nil {
		slices.Sort(found)
		return passed(host + " is " + strings.Join(found, ", "))
	}
	v := failed(actions.CodeNameUnknown, "nothing at "+host+" can be reached while its name is not known here", "check the name for a typing error, and that you are in the network (or VPN) whose name server knows it")
	if strings.HasSuffix(host, ".svc") || strings.HasSuffix(host, ".svc.cluster.local") {
		v.next = "this name works only inside the cluster: use the address of the route or ingress in its place"
	}
	var name *net.DNSError
	if errors.As(err, &name) {
		return v.saw("the name server says: %s", plain(name.Err)).try("getent hosts %s", host)
	}
	return v.saw("%s", plain(err.Error())).try("getent hosts %s", host)
}
