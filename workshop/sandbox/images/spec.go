package images

import "time"

// The documents of the OCI image specification, as far as the demo image uses them. They are spelled out here so that a
// newer release of a library cannot reorder a field and with it change the digest that a lesson names.

type descriptor struct {
	MediaType string    `json:"mediaType"`
	Digest    string    `json:"digest"`
	Size      int64     `json:"size"`
	Platform  *platform `json:"platform,omitempty"`
}

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
}

type index struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Manifests     []descriptor `json:"manifests"`
}

type manifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	Config        descriptor        `json:"config"`
	Layers        []descriptor      `json:"layers"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

type config struct {
	Created      time.Time     `json:"created"`
	Author       string        `json:"author"`
	Architecture string        `json:"architecture"`
	OS           string        `json:"os"`
	Config       runtimeFields `json:"config"`
	RootFS       rootFS        `json:"rootfs"`
	History      []history     `json:"history"`
}

type runtimeFields struct {
	User       string            `json:"User"`
	Env        []string          `json:"Env"`
	Entrypoint []string          `json:"Entrypoint"`
	WorkingDir string            `json:"WorkingDir"`
	Labels     map[string]string `json:"Labels"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

type history struct {
	Created    time.Time `json:"created"`
	CreatedBy  string    `json:"created_by"`
	EmptyLayer bool      `json:"empty_layer,omitempty"`
}

func describe(mediaType string, b Blob) descriptor {
	return descriptor{MediaType: mediaType, Digest: b.Digest, Size: int64(len(b.Data))}
}

func runtimeConfig() runtimeFields {
	return runtimeFields{
		User:       "1001",
		Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "container=oci"},
		Entrypoint: []string{program},
		WorkingDir: "/opt/app-root",
		Labels: map[string]string{
			"name":                              "l3-rhads-demoimage",
			"version":                           "1.0",
			"summary":                           "The image that the workshop copies, signs and verifies",
			"io.k8s.display-name":               "Demo image of the signing workshop",
			"org.opencontainers.image.licenses": "Apache-2.0",
		},
	}
}

func annotations() map[string]string {
	return map[string]string{
		"org.opencontainers.image.created": made.Format(time.RFC3339),
		"org.opencontainers.image.title":   "l3-rhads-demoimage",
	}
}
