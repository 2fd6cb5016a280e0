# An example until there is an account: account, domain, identity provider, networks and repository are the installation's own.
account_id     = "333333333333"
region         = "eu-central-1"
replica_region = "eu-west-1"
domain         = "dev.corsia.example"
release        = "1.0.0"
agent_image    = "public.ecr.aws/cloudwatch-agent/cloudwatch-agent:1.300062.0b1304"
operators      = ["192.0.2.0/24"]
repository     = "example/corsia"
budget         = 350

settings = {
  JWKS_URL        = "https://login.dev.hospital.example/.well-known/jwks.json"
  JWT_ISSUER      = "https://login.dev.hospital.example"
  JWT_AUDIENCE    = "corsia"
  ALLOWED_ORIGINS = "https://emr.dev.hospital.example"
}
