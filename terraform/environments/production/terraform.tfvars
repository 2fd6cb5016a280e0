# An example until there is an account: account, domain, identity provider, networks and repository are the installation's own.
account_id     = "111111111111"
region         = "eu-central-1"
replica_region = "eu-west-1"
domain         = "corsia.example"
release        = "1.0.0"
agent_image    = "public.ecr.aws/cloudwatch-agent/cloudwatch-agent:1.300062.0b1304"
operators      = ["192.0.2.0/24"]
repository     = "example/corsia"
budget         = 1800

settings = {
  JWKS_URL        = "https://login.hospital.example/.well-known/jwks.json"
  JWT_ISSUER      = "https://login.hospital.example"
  JWT_AUDIENCE    = "corsia"
  ALLOWED_ORIGINS = "https://emr.hospital.example"
}
