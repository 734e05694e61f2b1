# An EC2 launch template. `user_data` must be base64. EC2 takes 16 KB: what it gets is user-data.gz, which cloud-init unpacks.

terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "image_id" {
  description = "An AMI of the distribution that the spec's target names."
  type        = string
}

variable "instance_type" {
  description = "The type of the instances."
  type        = string
  default     = "m7i.large"
}

module "toa" {
  source = "../.."
  cloud  = "aws-ec2"
}

resource "aws_launch_template" "origin" {
  name_prefix   = "origin-"
  description   = "user-data ${substr(module.toa.user_data_sha256, 0, 12)}"
  image_id      = var.image_id
  instance_type = var.instance_type
  user_data     = module.toa.user_data_base64

  # An Auto Scaling group that names no version gets the newest.
  update_default_version = true

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
  }
}
