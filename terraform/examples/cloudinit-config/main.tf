# Parts of your own beside ours, put together by Terraform. Two cloud-config parts replace each other's lists unless the later one
# says how to merge: merge_type does, so that your packages, files and commands and ours all take effect.
# `toa-bake render --merge FILE` does the same without a provider, and checks the result.

terraform {
  required_version = ">= 1.9"
  required_providers {
    cloudinit = {
      source  = "hashicorp/cloudinit"
      version = ">= 2.3"
    }
  }
}

variable "cloud_config" {
  description = "Your own cloud-config, beginning with #cloud-config."
  type        = string
  default     = <<-EOT
    #cloud-config
    packages: [nginx]
    runcmd:
      - [systemctl, enable, --now, nginx]
  EOT

  validation {
    condition     = startswith(var.cloud_config, "#cloud-config\n")
    error_message = "cloud_config must begin with the line #cloud-config."
  }
}

module "toa" {
  source = "../.."
}

data "cloudinit_config" "origin" {
  # May be true where the cloud passes on binary user-data: EC2 does, ECS does not.
  gzip          = false
  base64_encode = true

  part {
    filename     = "toa.cfg"
    content_type = "text/cloud-config"
    content      = module.toa.user_data
  }

  part {
    filename     = "own.cfg"
    content_type = "text/cloud-config"
    merge_type   = "list(append)+dict(no_replace,recurse_list)+str()"
    content      = var.cloud_config
  }

  lifecycle {
    precondition {
      condition     = startswith(module.toa.user_data, "#cloud-config")
      error_message = "This user-data was rendered with --merge and is a MIME message already, which cannot be a part: merge all parts there."
    }
  }
}

output "user_data_base64" {
  description = "Both parts as one MIME message, for any resource that takes base64."
  value       = data.cloudinit_config.origin.rendered

  precondition {
    # The module has judged its own part alone.
    condition     = length(data.cloudinit_config.origin.rendered) / 4 * 3 <= module.toa.user_data_limit
    error_message = "Together the parts are over what the cloud takes."
  }
}
