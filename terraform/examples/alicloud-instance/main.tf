# One ECS instance. `user_data` is taken raw or in base64; base64 is what the provider recommends.

terraform {
  required_version = ">= 1.9"
  required_providers {
    alicloud = {
      source  = "aliyun/alicloud"
      version = ">= 1.200"
    }
  }
}

variable "image_id" {
  description = "An image of the distribution that the spec's target names, with cloud-init."
  type        = string
}

variable "instance_type" {
  description = "The type of the instance."
  type        = string
  default     = "ecs.g7.large"
}

variable "security_group_id" {
  description = "The security group, in the VPC of the vSwitch."
  type        = string
}

variable "vswitch_id" {
  description = "The vSwitch: user-data works in a VPC only."
  type        = string
}

module "toa" {
  source = "../.."
  cloud  = "alibaba-ecs"
}

resource "alicloud_instance" "origin" {
  instance_name   = "origin"
  image_id        = var.image_id
  instance_type   = var.instance_type
  security_groups = [var.security_group_id]
  vswitch_id      = var.vswitch_id
  user_data       = module.toa.user_data_base64

  lifecycle {
    # Changed user-data would reboot a running instance, and for nothing: cloud-init runs it once an instance.
    # To have it anew, replace the instance: terraform apply -replace=alicloud_instance.origin
    ignore_changes = [user_data]
  }
}

output "user_data_sha256" {
  description = "What new instances get."
  value       = module.toa.user_data_sha256
}
