variable "cloud" {
  description = "The cloud that gets the user-data, whose limit must hold: an id from `clouds` of the spec. Null: the first of them."
  type        = string
  default     = null

  validation {
    condition     = var.cloud == null || contains(local.plan.clouds[*].id, coalesce(var.cloud, "-"))
    error_message = "cloud must be one that the spec names: ${join(", ", local.plan.clouds[*].id)}."
  }
}

variable "limit" {
  description = "`current`: the size that the cloud's documentation states today. `safe`: the smallest that any of its pages states."
  type        = string
  default     = "current"
  nullable    = false

  validation {
    condition     = contains(["current", "safe"], var.limit)
    error_message = "limit must be current or safe."
  }
}
