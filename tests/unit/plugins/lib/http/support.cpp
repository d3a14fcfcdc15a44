#include "tests/unit/plugins/lib/http/support.hpp"

#include <arpa/inet.h>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include "plugins/lib/http/router.hpp"

namespace tarsier::net::test {

Workers::Workers() {
  for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { work(); });
}
Workers::~Workers() { stop(); }
void Workers::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}
bool Workers::post(Need, std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return false;
    tasks_.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}
void Workers::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopped_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
}

void MemoryLog::write(tarsier_log_level, std::string_view message, std::initializer_list<Field> fields) {
  const std::lock_guard lock(mutex_);
  text_.append(message);
  for (const auto& [name, value] : fields) text_.append(" ").append(name).append("=").append(value);
  text_ += "\n";
}
std::string MemoryLog::text() const {
  const std::lock_guard lock(mutex_);
  return text_;
}

void Paths::on_text(const std::string& path, std::string type, std::string body) {
  on(path, [type = std::move(type), body = std::move(body)](const std::shared_ptr<Exchange>& exchange) {
    exchange->respond({200, {{"Content-Type", type}}, body});
  });
}
Admission Paths::admit(Request& request) {
  Admission admission;
  const auto found = serves_.find(request.path);
  if (found == serves_.end()) {
    admission.refusal = text_answer(404, "404 page not found");
  } else {
    admission.route = std::make_shared<Serve>(found->second);
    admission.max_body_bytes = max_body_bytes;
  }
  return admission;
}
void Paths::handle(const std::shared_ptr<Exchange>& exchange) {
  exchange->hand_out(nullptr);
  executor_.post(Executor::Need::refusable, [exchange] { (*static_cast<Serve*>(exchange->route().get()))(exchange); });
}
void Paths::finished(const Request&, const RequestRecord& record) {
  const std::lock_guard lock(mutex_);
  records_.push_back(record);
  changed_.notify_all();
}
RequestRecord Paths::wait_finished(size_t n) {
  std::unique_lock lock(mutex_);
  EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), [&] { return records_.size() >= n; }));
  return records_.size() >= n ? records_[n - 1] : RequestRecord{};
}

Site::Site(ServerLimits limits, std::shared_ptr<TlsServer> tls) : secure(tls != nullptr) {
  EntrypointOptions options;
  options.name = "test";
  options.address = "127.0.0.1:0";
  options.limits = limits;
  options.tls = std::move(tls);
  auto bound = server.listen(std::move(options), paths);
  EXPECT_TRUE(bound.ok()) << (bound ? "" : bound.error().message());
  address = *bound;
  port = static_cast<uint16_t>(std::atoi(address.substr(address.rfind(':') + 1).c_str()));
}
Site::~Site() { server.stop(std::chrono::steady_clock::now()); }
std::string Site::url(std::string_view path) const {
  return std::string(secure ? "https://" : "http://") + address + std::string(path);
}

Raw::Raw(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval limit{20, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  EXPECT_EQ(0, ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)));
}
Raw::~Raw() {
  if (fd_ >= 0) ::close(fd_);
}
bool Raw::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}
bool Raw::fill() {
  char piece[16384];
  const ssize_t size = ::recv(fd_, piece, sizeof(piece), 0);
  if (size <= 0) return false;
  received_.append(piece, static_cast<size_t>(size));
  return true;
}
std::string Raw::read(size_t size) {
  while (received_.size() < size && fill()) {
  }
  size = std::min(size, received_.size());
  std::string out = received_.substr(0, size);
  received_.erase(0, size);
  return out;
}
std::string Raw::read_some() {
  if (received_.empty()) fill();
  return std::exchange(received_, {});
}
std::string Raw::read_answer() {
  size_t end = 0;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return std::exchange(received_, {});
  }
  end += 4;
  const size_t field = received_.find("Content-Length: ");
  if (field != std::string::npos && field < end) end += static_cast<size_t>(std::atoll(received_.c_str() + field + 16));
  return read(end);
}
std::string Raw::read_to_end() {
  while (fill()) {
  }
  return std::exchange(received_, {});
}
bool Raw::readable() const {
  pollfd look{fd_, POLLIN, 0};
  return !received_.empty() || ::poll(&look, 1, 0) > 0;
}
void Raw::finish_sending() { ::shutdown(fd_, SHUT_WR); }
void Raw::reset() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  ::close(fd_);
  fd_ = -1;
}

Result<ClientResponse> call(Client& client, ClientRequest request) {
  auto promise = std::make_shared<std::promise<Result<ClientResponse>>>();
  auto future = promise->get_future();
  auto started =
      client.request(std::move(request), [promise](Result<ClientResponse> result) { promise->set_value(std::move(result)); });
  if (!started) return std::move(started).error();
  return future.get();
}

void write_certificate(const std::string& cert_file, const std::string& key_file, const std::string& common_name) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600 * 24);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  X509_add_ext(certificate, names, -1);
  X509_EXTENSION_free(names);
  X509_sign(certificate, key, EVP_sha256());
  for (const auto& [file, write] : std::vector<std::pair<std::string, std::function<void(FILE*)>>>{
           {cert_file, [&](FILE* out) { PEM_write_X509(out, certificate); }},
           {key_file, [&](FILE* out) { PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); }}}) {
    FILE* out = std::fopen(file.c_str(), "w");
    ASSERT_NE(nullptr, out);
    write(out);
    std::fclose(out);
  }
  X509_free(certificate);
  EVP_PKEY_free(key);
}

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "tarsier-http-XXXXXX").string();
  path_ = mkdtemp(pattern.data());
}
TempDir::~TempDir() { std::filesystem::remove_all(path_); }

}  // namespace tarsier::net::test
