#!/usr/bin/env bash
# Makes a database and the role that owns it for each service named as an argument.
# Needs PG* to reach the server as administrator, and <SERVICE>_DATABASE_PASSWORD for each.
# What is there is kept; passwords are set anew.
set -euo pipefail

for service in "$@"; do
  variable="${service^^}_DATABASE_PASSWORD"
  : "${!variable:?is not set}"
  NAME=$service PASSWORD=${!variable} psql --no-psqlrc -q -v ON_ERROR_STOP=1 <<'SQL'
\getenv name NAME
\getenv password PASSWORD
SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER', :'name')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \gexec
SELECT format('ALTER ROLE %I PASSWORD %L', :'name', :'password') \gexec
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'name')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
SELECT format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', :'name') \gexec
SQL
  echo "database $service is there"
done
