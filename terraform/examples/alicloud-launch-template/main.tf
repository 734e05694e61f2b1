# A launch template. The provider passes `user_data` on as it is, so it must be base64.

terraform {
  required_version = ">= 1.9"
  required_providers {
    alicloud = {
      source  = "aliyun/alicloud"
      version = ">= 1.241" # update_default_version_number
    }
  }
}

variable "image_id" {
  description = "An image of the distribution that the spec's target names, with cloud-init."
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

module "toa" {
  source = "../.."
  cloud  = "alibaba-ecs"
}

resource "alicloud_ecs_launch_template" "origin" {
  launch_template_name = "origin"
  version_description  = "user-data ${substr(module.toa.user_data_sha256, 0, 12)}"
  image_id             = var.image_id
  instance_type        = var.instance_type
  security_group_id    = var.security_group_id
  user_data            = module.toa.user_data_base64

  # Whoever launches without naming a version gets the newest.
  update_default_version_number = true
}
