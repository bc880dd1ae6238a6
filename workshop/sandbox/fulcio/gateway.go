package fulcio

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"

	"github.com/sigstore/fulcio/pkg/config"
	"github.com/sigstore/fulcio/pkg/generated/protobuf"
	"github.com/sigstore/fulcio/pkg/generated/protobuf/legacy"
	"github.com/sigstore/fulcio/pkg/server"
)

// maxRequest bounds a request in bytes, as Fulcio's own server does.
const maxRequest = 4 << 20

// gateway puts Fulcio's HTTP interfaces, v2 and the older one that cosign v2 uses, in front of its gRPC service, which
// listens in memory only.
func (s *Server) gateway(ctx context.Context, issuers *config.FulcioConfig, service server.GRPCCAServer) (http.Handler, error) {
	s.grpc = grpc.NewServer(grpc.MaxRecvMsgSize(maxRequest), grpc.ChainUnaryInterceptor(recovered, configured(issuers)))
	protobuf.RegisterCAServer(s.grpc, service)
	legacy.RegisterCAServer(s.grpc, server.NewLegacyGRPCCAServer(service))
	grpc_health_v1.RegisterHealthServer(s.grpc, service)

	pipe := bufconn.Listen(1 << 20)
	s.serving.Go(func() { _ = s.grpc.Serve(pipe) })
	var err error
	s.conn, err = grpc.NewClient("passthrough:fulcio",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return pipe.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	mux := runtime.NewServeMux(
		runtime.WithMetadata(bearerToken),
		runtime.WithForwardResponseOption(forward),
		runtime.WithHealthzEndpoint(grpc_health_v1.NewHealthClient(s.conn)))
	if err := protobuf.RegisterCAHandler(ctx, mux, s.conn); err != nil {
		return nil, err
	}
	if err := legacy.RegisterCAHandler(ctx, mux, s.conn); err != nil {
		return nil, err
	}
	return server.WithMaxBytes(mux, maxRequest), nil
}

// configured hands the configuration to a call, which looks for it in its context.
func configured(issuers *config.FulcioConfig) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		return handle(config.With(ctx, issuers), req)
	}
}

// recovered answers a call that panics with an error, so that the other servers of the process live on.
func recovered(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (answer any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return handle(ctx, req)
}

// bearerToken hands the token in the Authorization header of a request to the service.
func bearerToken(_ context.Context, r *http.Request) metadata.MD {
	return metadata.Pairs(server.MetadataOIDCTokenKey, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
}

// forward turns what the service says in gRPC headers into HTTP: the status code, and the detached signed certificate
// timestamp of the older interface.
func forward(ctx context.Context, w http.ResponseWriter, _ proto.Message) error {
	said, ok := runtime.ServerMetadataFromContext(ctx)
	if !ok {
		return nil
	}
	for key := range w.Header() {
		if strings.HasPrefix(key, "Grpc-") {
			w.Header().Del(key)
		}
	}
	if sct := said.HeaderMD.Get(server.SCTMetadataKey); len(sct) > 0 {
		w.Header().Set("SCT", sct[0])
	}
	if code := said.HeaderMD.Get(server.HTTPResponseCodeMetadataKey); len(code) > 0 {
		status, err := strconv.Atoi(code[0])
		if err != nil {
			return err
		}
		w.WriteHeader(status)
	}
	return nil
}
