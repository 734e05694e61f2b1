# A scaling group whose new instances wait: they go into service when toa-ready.target is reached on them, and are released if it
# is not in time. The target is a thing inside the machine, and Auto Scaling cannot see it, so a unit on the instance tells it.
# The image must hold the aliyun CLI, and the role may do what is listed in docs/terraform.md.

terraform {
  required_version = ">= 1.9"
  required_providers {
    alicloud = {
      source  = "aliyun/alicloud"
      version = ">= 1.200"
    }
    cloudinit = {
      source  = "hashicorp/cloudinit"
      version = ">= 2.3"
    }
  }
}

variable "region" {
  description = "The region of the scaling group."
  type        = string
}

variable "image_id" {
  description = "An image of the distribution that the spec's target names, with cloud-init and the aliyun CLI."
  type        = string
}

variable "instance_type" {
  description = "The type of the instances."
  type        = string
  default     = "ecs.g7.large"
}

variable "security_group_id" {
  description = "The security group of the instances."
  type        = string
}

variable "vswitch_ids" {
  description = "The vSwitches that instances are launched in."
  type        = list(string)
}

variable "role_name" {
  description = "The RAM role of the instances."
  type        = string
}

module "toa" {
  source = "../.."
  cloud  = "alibaba-ecs"
}

resource "alicloud_ess_scaling_group" "origin" {
  scaling_group_name = "origin"
  min_size           = 1
  max_size           = 10
  vswitch_ids        = var.vswitch_ids
}

resource "alicloud_ess_lifecycle_hook" "ready" {
  scaling_group_id     = alicloud_ess_scaling_group.origin.id
  name                 = "toa-ready"
  lifecycle_transition = "SCALE_OUT"
  # The reader is compiled at first boot, and the machine may reboot once.
  heartbeat_timeout = 1200
  # Nobody said that it works: release the instance.
  default_result = "ABANDON"
}

data "cloudinit_config" "origin" {
  gzip          = false
  base64_encode = true

  part {
    filename     = "toa.cfg"
    content_type = "text/cloud-config"
    content      = module.toa.user_data
  }

  part {
    filename     = "ready.cfg"
    content_type = "text/cloud-config"
    merge_type   = "list(append)+dict(no_replace,recurse_list)+str()"
    # JSON is YAML: no shell and no template, so no value can become code.
    content = "#cloud-config\n${jsonencode({
      write_files = [
        {
          path        = "/etc/toa-lifecycle-hook.json"
          permissions = "0644"
          content = jsonencode({
            region        = var.region
            role          = var.role_name
            scaling_group = alicloud_ess_scaling_group.origin.id
            hook          = alicloud_ess_lifecycle_hook.ready.id
          })
        },
        {
          path        = "/usr/local/sbin/toa-lifecycle-hook"
          permissions = "0755"
          content     = file("${path.module}/toa-lifecycle-hook.py")
        },
        {
          path        = "/etc/systemd/system/toa-lifecycle-hook.service"
          permissions = "0644"
          content     = file("${path.module}/toa-lifecycle-hook.service")
        },
      ]
      runcmd = [["systemctl", "enable", "--now", "--no-block", "toa-lifecycle-hook.service"]]
    })}\n"
  }

  lifecycle {
    precondition {
      condition     = startswith(module.toa.user_data, "#cloud-config")
      error_message = "This user-data was rendered with --merge and is a MIME message already, which cannot be a part: merge all parts there."
    }
  }
}

resource "alicloud_ess_scaling_configuration" "origin" {
  scaling_group_id  = alicloud_ess_scaling_group.origin.id
  image_id          = var.image_id
  instance_type     = var.instance_type
  security_group_id = var.security_group_id
  role_name         = var.role_name
  user_data         = data.cloudinit_config.origin.rendered
  active            = true
  enable            = true
  force_delete      = true

  lifecycle {
    precondition {
      condition     = module.toa.ready_means_working
      error_message = "toa-ready.target would be reached without a working reader: write boot: {onFailure: fail} in the spec and render anew."
    }
    precondition {
      # The module has judged its own part alone.
      condition     = length(data.cloudinit_config.origin.rendered) / 4 * 3 <= module.toa.user_data_limit
      error_message = "Together the parts are over what the cloud takes."
    }
  }
}
