// TLS on both sides, with certificates made here.
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>

#include "tests/unit/plugins/lib/http/support.hpp"

namespace tarsier::net::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

struct Tls : ::testing::Test {
  TempDir folder;
  TlsServerOptions options{folder.file("cert.pem"), folder.file("key.pem"), "", "1.2"};
  Workers workers;
  IoThreads threads{1};

  std::shared_ptr<TlsServer> load() {
    write_certificate(options.cert_file, options.key_file, "first");
    auto loaded = TlsServer::load(options);
    EXPECT_TRUE(loaded.ok()) << (loaded ? "" : loaded.error().message());
    return *loaded;
  }
  Result<ClientResponse> get(const std::string& url, const std::string& ca_file, const std::string& server_name = "",
                             const std::string& cert = "", const std::string& key = "") {
    Client client(threads, workers, {});
    ClientRequest request;
    request.url = url;
    request.tls.ca_file = ca_file;
    request.tls.server_name = server_name;
    request.tls.cert_file = cert;
    request.tls.key_file = key;
    return call(client, request);
  }
};

TEST_F(Tls, ServesThoseWhoTrustTheCertificate) {
  Site site({}, load());
  site.paths.on("/a", [](const auto& exchange) { exchange->respond({200, {}, exchange->request().secure ? "secure" : "plain"}); });
  const auto answer = get(site.url("/a"), options.cert_file);
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ("secure", answer->body);
}

TEST_F(Tls, CarriesLargeBodies) {
  Site site({}, load());
  site.paths.on("/echo", [](const auto& exchange) { exchange->respond({200, {}, exchange->request().body}); });
  Client client(threads, workers, {});
  ClientRequest request;
  request.method = "POST";
  request.url = site.url("/echo");
  request.tls.ca_file = options.cert_file;
  request.body = std::string(3000000, 'y');
  for (int i = 0; i < 3; ++i) {
    const auto answer = call(client, request);
    ASSERT_TRUE(answer.ok()) << answer.error().message();
    EXPECT_EQ(request.body, answer->body);
  }
  EXPECT_EQ(2U, client.stats().reused.load());
}

TEST_F(Tls, RefusesACertificateThatNobodySigned) {
  Site site({}, load());
  const auto answer = get(site.url("/a"), "");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(TARSIER_UNAVAILABLE, answer.error().code());
  EXPECT_THAT(answer.error().message(), HasSubstr("TLS with " + site.address));
  EXPECT_THAT(answer.error().message(), HasSubstr("self-signed certificate"));
}

TEST_F(Tls, RefusesACertificateForAnotherName) {
  Site site({}, load());
  const auto answer = get(site.url("/a"), options.cert_file, "example.org");
  ASSERT_FALSE(answer.ok());
  EXPECT_THAT(answer.error().message(), HasSubstr("TLS with "));
}

TEST_F(Tls, SkipsTheCheckWhenToldTo) {
  Site site({}, load());
  site.paths.on_text("/a", "text/plain", "x");
  Client client(threads, workers, {});
  ClientRequest request;
  request.url = site.url("/a");
  request.tls.insecure_skip_verify = true;
  EXPECT_TRUE(call(client, request).ok());
}

TEST_F(Tls, AsksForClientCertificates) {
  write_certificate(folder.file("client.pem"), folder.file("client.key"), "client");
  options.client_ca_file = folder.file("client.pem");
  Site site({}, load());
  site.paths.on_text("/a", "text/plain", "x");
  EXPECT_FALSE(get(site.url("/a"), options.cert_file).ok());
  const auto answer = get(site.url("/a"), options.cert_file, "", folder.file("client.pem"), folder.file("client.key"));
  ASSERT_TRUE(answer.ok()) << answer.error().message();
}

std::string text_of(const std::string& file) {
  std::ifstream from(file);
  return {std::istreambuf_iterator<char>(from), {}};
}

TEST_F(Tls, TakesCertificatesAsTexts) {
  write_certificate(folder.file("client.pem"), folder.file("client.key"), "client");
  options.client_ca_file = folder.file("client.pem");
  Site site({}, load());
  site.paths.on_text("/a", "text/plain", "x");
  Client client(threads, workers, {});
  ClientRequest request;
  request.url = site.url("/a");
  request.tls.ca = text_of(options.cert_file);
  EXPECT_FALSE(call(client, request).ok()) << "the server wants a certificate";
  request.tls.cert = text_of(folder.file("client.pem"));
  request.tls.key = text_of(folder.file("client.key"));
  const auto answer = call(client, request);
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  const std::string key = request.tls.key;
  request.tls.key = text_of(options.key_file);
  EXPECT_THAT(call(client, request).error().message(), HasSubstr("private key in the configuration: key values mismatch"));
  request.tls.key = "-----BEGIN PRIVATE KEY-----\nsecret\n";
  const auto bad = call(client, request);
  ASSERT_FALSE(bad.ok());
  EXPECT_THAT(bad.error().message(), HasSubstr("private key in the configuration: "));
  EXPECT_THAT(bad.error().message(), ::testing::Not(HasSubstr("secret")));
  request.tls.key.clear();
  request.tls.cert += key;
  EXPECT_TRUE(call(client, request).ok()) << "both may be one text";
  request.tls.ca = "none";
  EXPECT_THAT(call(client, request).error().message(), HasSubstr("CA certificates in the configuration: "));
}

TEST_F(Tls, SpeaksTheVersionsThatItMay) {
  options.min_version = "1.3";
  Site site({}, load());
  site.paths.on_text("/a", "text/plain", "x");
  Client client(threads, workers, {});
  ClientRequest request;
  request.url = site.url("/a");
  request.tls.ca_file = options.cert_file;
  EXPECT_TRUE(call(client, request).ok());
  request.tls.max_version = "TLS12";
  const auto refused = call(client, request);
  ASSERT_FALSE(refused.ok()) << "a connection of other versions is not used";
  EXPECT_EQ(TARSIER_UNAVAILABLE, refused.error().code());
  request.tls.max_version = "TLS13";
  request.tls.min_version = "TLS10";
  EXPECT_TRUE(call(client, request).ok());
  request.tls.min_version = "SSL3";
  EXPECT_THAT(call(client, request).error().message(), HasSubstr("expected TLS10"));
}

TEST_F(Tls, UsesANewCertificateAndKeepsTheOldWhenTheNewIsBad) {
  const auto tls = load();
  Site site({}, tls);
  site.paths.on_text("/a", "text/plain", "x");
  const std::string old_ca = folder.file("old.pem");
  std::filesystem::copy_file(options.cert_file, old_ca);
  write_certificate(options.cert_file, options.key_file, "second");
  ASSERT_TRUE(tls->reload().ok());
  EXPECT_FALSE(get(site.url("/a"), old_ca).ok());
  EXPECT_TRUE(get(site.url("/a"), options.cert_file).ok());

  const std::string good_ca = folder.file("good.pem");
  std::filesystem::copy_file(options.cert_file, good_ca);
  std::ofstream(options.cert_file) << "not a certificate";
  const auto bad = tls->reload();
  ASSERT_FALSE(bad.ok());
  EXPECT_THAT(bad.error().message(), HasSubstr("certificate '" + options.cert_file + "'"));
  EXPECT_TRUE(get(site.url("/a"), good_ca).ok());
}

TEST_F(Tls, NamesTheFileThatIsWrong) {
  write_certificate(options.cert_file, options.key_file, "a");
  write_certificate(folder.file("other.pem"), folder.file("other.key"), "b");
  TlsServerOptions mixed = options;
  mixed.key_file = folder.file("other.key");
  EXPECT_THAT(TlsServer::load(mixed).error().message(), HasSubstr("other.key"));
  mixed.key_file = folder.file("none.key");
  EXPECT_THAT(TlsServer::load(mixed).error().message(), EndsWith("none.key': no such file"));
  mixed = options;
  mixed.min_version = "1.1";
  EXPECT_THAT(TlsServer::load(mixed).error().message(), HasSubstr("expected \"1.2\" or \"1.3\""));
}

TEST_F(Tls, ClosesOnAPlainRequest) {
  Site site({}, load());
  Raw raw(site.port);
  raw.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  raw.finish_sending();
  raw.read_to_end();
  site.paths.on_text("/a", "text/plain", "x");
  EXPECT_TRUE(get(site.url("/a"), options.cert_file).ok());
}

TEST_F(Tls, AgreesOnHttp2WithThoseWhoOfferIt) {
  Site site({}, load());
  const auto agreed = [&](std::string_view offer) {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(offer.data()), static_cast<unsigned>(offer.size()));
    BIO* connection = BIO_new_ssl_connect(context);
    BIO_set_conn_hostname(connection, site.address.c_str());
    EXPECT_EQ(1, BIO_do_connect(connection));
    SSL* ssl = nullptr;
    BIO_get_ssl(connection, &ssl);
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl, &name, &size);
    std::string out(name == nullptr ? "" : reinterpret_cast<const char*>(name), size);
    if (out == "h2") {
      char frame[9] = {};
      EXPECT_EQ(9, SSL_read(ssl, frame, sizeof(frame)));
      EXPECT_EQ(4, frame[3]) << "the server's settings come by themselves";
    }
    BIO_free_all(connection);
    SSL_CTX_free(context);
    return out;
  };
  EXPECT_EQ("h2", agreed("\x08http/1.1\x02h2"));
  EXPECT_EQ("http/1.1", agreed("\x08http/1.1"));
  EXPECT_EQ("", agreed("\x06spdy/3"));
}

}  // namespace
}  // namespace tarsier::net::test
