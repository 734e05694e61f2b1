# No provider: init needs no network, and nothing is created.
terraform {
  required_version = ">= 1.9"
}
