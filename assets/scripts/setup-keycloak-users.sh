# Makes the technical user at the identity provider, unless it is there: pipeline, with the address that certificates will name.
#
#   ./setup-keycloak-users.sh
#
# It wants sigwalk, and reads what `sigwalk technical-user` reads: COSIGN_OIDC_ISSUER, the administrator in KEYCLOAK_ADMIN_USER and
# KEYCLOAK_ADMIN_PASSWORD, and OIDC_PASSWORD for a user who is made. What is there already is left as it is.

sigwalk technical-user "$@"
