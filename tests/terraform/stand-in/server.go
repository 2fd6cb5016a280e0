package main

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// server answers what Terraform asks of a provider whose resources are never read again: what was applied stays as it is.
type server struct {
	tfprotov5.ProviderServer // nil: a call that Terraform does not make of such a provider panics

	// Set by load, never changed.
	provider  *tfprotov5.Schema
	resources map[string]*tfprotov5.Schema
	data      map[string]*tfprotov5.Schema

	// Set by ConfigureProvider, which Terraform calls before it plans.
	region      string
	defaultTags map[string]tftypes.Value
}

func capabilities() *tfprotov5.ServerCapabilities {
	return &tfprotov5.ServerCapabilities{GetProviderSchemaOptional: true}
}

func (s *server) GetMetadata(context.Context, *tfprotov5.GetMetadataRequest) (*tfprotov5.GetMetadataResponse, error) {
	out := &tfprotov5.GetMetadataResponse{ServerCapabilities: capabilities()}
	for name := range s.resources {
		out.Resources = append(out.Resources, tfprotov5.ResourceMetadata{TypeName: name})
	}
	for name := range s.data {
		out.DataSources = append(out.DataSources, tfprotov5.DataSourceMetadata{TypeName: name})
	}
	return out, nil
}

func (s *server) GetProviderSchema(context.Context, *tfprotov5.GetProviderSchemaRequest) (*tfprotov5.GetProviderSchemaResponse, error) {
	return &tfprotov5.GetProviderSchemaResponse{Provider: s.provider, ResourceSchemas: s.resources, DataSourceSchemas: s.data,
		ServerCapabilities: capabilities()}, nil
}

func (s *server) GetResourceIdentitySchemas(context.Context, *tfprotov5.GetResourceIdentitySchemasRequest) (*tfprotov5.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov5.GetResourceIdentitySchemasResponse{}, nil
}

func (s *server) PrepareProviderConfig(_ context.Context, r *tfprotov5.PrepareProviderConfigRequest) (*tfprotov5.PrepareProviderConfigResponse, error) {
	return &tfprotov5.PrepareProviderConfigResponse{PreparedConfig: r.Config}, nil
}

func (s *server) StopProvider(context.Context, *tfprotov5.StopProviderRequest) (*tfprotov5.StopProviderResponse, error) {
	return &tfprotov5.StopProviderResponse{}, nil
}

// ConfigureProvider keeps the region and the default tags.
func (s *server) ConfigureProvider(_ context.Context, r *tfprotov5.ConfigureProviderRequest) (*tfprotov5.ConfigureProviderResponse, error) {
	config, err := unpack(r.Config, s.provider)
	if err != nil {
		return nil, err
	}
	s.region, s.defaultTags = text(config["region"], "eu-central-1"), map[string]tftypes.Value{}
	for _, one := range list(config["default_tags"]) {
		for key, value := range object(object(one)["tags"]) {
			s.defaultTags[key] = value
		}
	}
	return &tfprotov5.ConfigureProviderResponse{}, nil
}

// ValidateResourceTypeConfig refuses what only the provider decides.
func (s *server) ValidateResourceTypeConfig(_ context.Context, r *tfprotov5.ValidateResourceTypeConfigRequest) (*tfprotov5.ValidateResourceTypeConfigResponse, error) {
	schema := s.resources[r.TypeName]
	config, err := unpack(r.Config, schema)
	if err != nil {
		return nil, err
	}
	out := &tfprotov5.ValidateResourceTypeConfigResponse{}
	for _, a := range schema.Block.Attributes {
		if a.Computed && !a.Optional && !a.Required && !config[a.Name].IsNull() {
			out.Diagnostics = append(out.Diagnostics, &tfprotov5.Diagnostic{Severity: tfprotov5.DiagnosticSeverityError,
				Summary: "Value for unconfigurable attribute", Detail: r.TypeName + "." + a.Name + " is decided by the provider",
				Attribute: tftypes.NewAttributePath().WithAttributeName(a.Name)})
		}
	}
	return out, nil
}

func (s *server) ValidateDataSourceConfig(context.Context, *tfprotov5.ValidateDataSourceConfigRequest) (*tfprotov5.ValidateDataSourceConfigResponse, error) {
	return &tfprotov5.ValidateDataSourceConfigResponse{}, nil
}

func (s *server) UpgradeResourceState(_ context.Context, r *tfprotov5.UpgradeResourceStateRequest) (*tfprotov5.UpgradeResourceStateResponse, error) {
	typ := s.resources[r.TypeName].ValueType()
	v, err := r.RawState.UnmarshalWithOpts(typ, tfprotov5.UnmarshalOpts{
		ValueFromJSONOpts: tftypes.ValueFromJSONOpts{IgnoreUndefinedAttributes: true}})
	if err != nil {
		return nil, err
	}
	state, err := tfprotov5.NewDynamicValue(typ, v)
	return &tfprotov5.UpgradeResourceStateResponse{UpgradedState: &state}, err
}

func (s *server) ReadResource(_ context.Context, r *tfprotov5.ReadResourceRequest) (*tfprotov5.ReadResourceResponse, error) {
	return &tfprotov5.ReadResourceResponse{NewState: r.CurrentState, Private: r.Private}, nil
}

// PlanResourceChange leaves unknown what the provider decides, but tags_all, which follows from the tags.
func (s *server) PlanResourceChange(_ context.Context, r *tfprotov5.PlanResourceChangeRequest) (*tfprotov5.PlanResourceChangeResponse, error) {
	schema := s.resources[r.TypeName]
	typ := schema.ValueType()
	v, err := r.ProposedNewState.Unmarshal(typ)
	if err != nil {
		return nil, err
	}
	if v.IsNull() { // it will be destroyed
		return &tfprotov5.PlanResourceChangeResponse{PlannedState: r.ProposedNewState}, nil
	}
	if v, err = s.tag(v); err != nil {
		return nil, err
	}
	if v, err = fill(schema.Block, v, unknown); err != nil {
		return nil, err
	}
	planned, err := tfprotov5.NewDynamicValue(typ, v)
	return &tfprotov5.PlanResourceChangeResponse{PlannedState: &planned, PlannedPrivate: r.PriorPrivate}, err
}

// ApplyResourceChange invents what was left unknown.
func (s *server) ApplyResourceChange(_ context.Context, r *tfprotov5.ApplyResourceChangeRequest) (*tfprotov5.ApplyResourceChangeResponse, error) {
	schema := s.resources[r.TypeName]
	typ := schema.ValueType()
	v, err := r.PlannedState.Unmarshal(typ)
	if err != nil {
		return nil, err
	}
	if !v.IsNull() {
		if v, err = fill(schema.Block, v, s.inventor(r.TypeName, random(), object(v))); err != nil {
			return nil, err
		}
	}
	state, err := tfprotov5.NewDynamicValue(typ, v)
	return &tfprotov5.ApplyResourceChangeResponse{NewState: &state, Private: r.PlannedPrivate}, err
}

// ReadDataSource invents what AWS would say, but what follows from the question.
func (s *server) ReadDataSource(_ context.Context, r *tfprotov5.ReadDataSourceRequest) (*tfprotov5.ReadDataSourceResponse, error) {
	schema := s.data[r.TypeName]
	typ := schema.ValueType()
	v, err := r.Config.Unmarshal(typ)
	if err != nil {
		return nil, err
	}
	known, err := s.answer(r.TypeName, object(v))
	if err != nil {
		return nil, err
	}
	invent := s.inventor(r.TypeName, digest(v.String()), object(v))
	v, err = fill(schema.Block, v, func(name string, a *tfprotov5.SchemaAttribute) tftypes.Value {
		if answer, ok := known[name]; ok {
			return answer
		}
		return invent(name, a)
	})
	if err != nil {
		return nil, err
	}
	state, err := tfprotov5.NewDynamicValue(typ, v)
	return &tfprotov5.ReadDataSourceResponse{State: &state}, err
}
