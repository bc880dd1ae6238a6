package quay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"

	"github.com/sigwalk/sigwalk/actions"
)

// WorkshopOrganization is the organisation of the workshop page.
const WorkshopOrganization = "l3-students"

// Organization is a namespace for repositories that is no person's.
type Organization struct {
	// Where is the Quay's address.
	Where string `json:"where"`
	Name  string `json:"name"`
	// Created is true when it was made just now, false when it was there already.
	Created bool `json:"created"`
	// Missing is said in a dry run of one that is not there.
	Missing bool `json:"missing,omitempty"`
}

// Text is what became of it, in a line for people.
func (o *Organization) Text() string {
	state := "found"
	switch {
	case o.Missing:
		state = "missing"
	case o.Created:
		state = "made"
	}
	return fmt.Sprintf("%s\n  %-8s organisation %s\n", o.Where, state, o.Name)
}

// HostOf is the Quay that QUAY names. It fails with CodeUsage when it names none.
func HostOf(value string) (string, error) {
	if value == "" {
		return "", &actions.Error{
			Code: actions.CodeUsage, What: "no Quay is named", Next: "set QUAY to its host, such as quay.example.com",
		}
	}
	return value, nil
}

// NameOf is the organisation that the arguments name, else the one that is set, else that of the workshop.
func NameOf(args []string, set string) string {
	switch {
	case len(args) > 0:
		return args[0]
	case set != "":
		return set
	}
	return WorkshopOrganization
}

// SetUpOrganization is CreateOrganization, or in a dry run only looks.
func (c *Client) SetUpOrganization(ctx context.Context, name string, dryRun bool) (*Organization, error) {
	if !dryRun {
		return c.CreateOrganization(ctx, name)
	}
	there, err := c.HasOrganization(ctx, name)
	if err != nil {
		return nil, c.explain(ctx, err, "look for the organisation "+name)
	}
	return &Organization{Where: c.base, Name: name, Missing: !there}, nil
}

// organizationName is what Quay takes as a name (its util/names.py).
var organizationName = regexp.MustCompile(`^[a-z0-9]([._-]?[a-z0-9]+)*$`)

const (
	shortestName = 2
	longestName  = 255
)

// CreateOrganization makes an organisation, unless it is there. It fails with CodeUsage for a name that Quay does not
// take, CodeForbidden when the name is a person's or the token must not do this, CodeUnauthorized without a token, and
// CodeWrongPassword with one that is not known.
func (c *Client) CreateOrganization(ctx context.Context, name string) (*Organization, error) {
	if !organizationName.MatchString(name) || len(name) < shortestName || len(name) > longestName {
		return nil, &actions.Error{
			Code: actions.CodeUsage, What: "an organisation cannot be called " + oneLine(name),
			Why:  "Quay takes 2 to 255 small letters and digits, with single dots, dashes or underscores between them",
			Next: "choose another name",
		}
	}
	doing := "make the organisation " + name
	err := c.call(ctx, http.MethodPost, "organization/", nil, map[string]string{"name": name}, nil)
	if err == nil {
		return &Organization{Where: c.base, Name: name, Created: true}, nil
	}
	var refused *refusal
	if !errors.As(err, &refused) || refused.status != http.StatusBadRequest {
		return nil, c.explain(ctx, err, doing)
	}
	// Quay's words for a name that is taken may change; whether there is such an organisation can be asked.
	is, asking := c.HasOrganization(ctx, name)
	switch {
	case asking != nil:
		return nil, c.explain(ctx, asking, doing)
	case is:
		return &Organization{Where: c.base, Name: name}, nil
	}
	return nil, &actions.Error{
		Code: actions.CodeForbidden, What: "cannot " + doing, Why: refused.Error(), Err: err,
		Next: "a person has that name, or Quay does not take it: choose another",
	}
}

// HasOrganization asks whether there is such an organisation, as anyone may.
func (c *Client) HasOrganization(ctx context.Context, name string) (bool, error) {
	err := c.call(ctx, http.MethodGet, "organization/"+url.PathEscape(name), nil, nil, nil)
	var refused *refusal
	if errors.As(err, &refused) && refused.status == http.StatusNotFound {
		return false, nil
	}
	return err == nil, err
}

// Organizations returns the names of those that the token's owner is in. It fails as CreateOrganization does.
func (c *Client) Organizations(ctx context.Context) ([]string, error) {
	var answer struct {
		Organizations []struct {
			Name string `json:"name"`
		} `json:"organizations"`
	}
	if err := c.call(ctx, http.MethodGet, "user/", nil, nil, &answer); err != nil {
		return nil, c.explain(ctx, err, "list your organisations")
	}
	names := make([]string, 0, len(answer.Organizations))
	for _, one := range answer.Organizations {
		names = append(names, one.Name)
	}
	return names, nil
}

// RemoveOrganization removes an organisation and everything that was pushed to it. One that is not there is removed. It fails as
// CreateOrganization does.
func (c *Client) RemoveOrganization(ctx context.Context, name string) error {
	err := c.call(ctx, http.MethodDelete, "organization/"+url.PathEscape(name), nil, nil, nil)
	var refused *refusal
	if errors.As(err, &refused) && refused.status == http.StatusNotFound && refused.kind != "" {
		return nil
	}
	return c.explain(ctx, err, "remove the organisation "+name)
}
