// What the tests of the HTTP library share: workers, a handler made of closures, a client that writes bytes as a test wants them.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "plugins/lib/http/client.hpp"
#include "plugins/lib/http/server.hpp"

namespace tarsier::net::test {

/// Two worker threads.
class Workers final : public Executor {
 public:
  Workers();
  ~Workers() override;
  bool post(Need need, std::function<void()> task) override;
  /// What was posted runs to its end; later tasks are dropped. A host does so before an instance is taken apart.
  void stop();

 private:
  void work();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

class MemoryLog final : public Log {
 public:
  void write(tarsier_log_level level, std::string_view message, std::initializer_list<Field> fields) override;
  std::string text() const;

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

/// A handler by path; runs on the workers.
class Paths final : public RequestHandler {
 public:
  using Serve = std::function<void(const std::shared_ptr<Exchange>&)>;
  explicit Paths(Executor& executor) : executor_(executor) {}
  void on(const std::string& path, Serve serve) { serves_[path] = std::move(serve); }
  void on_text(const std::string& path, std::string type, std::string body);

  Admission admit(Request& request) override;
  void handle(const std::shared_ptr<Exchange>& exchange) override;
  void finished(const Request& request, const RequestRecord& record) override;
  /// Waits for the nth finished request.
  RequestRecord wait_finished(size_t n = 1);

  uint64_t max_body_bytes = 0;

 private:
  Executor& executor_;
  std::map<std::string, Serve> serves_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<RequestRecord> records_;
};

/// A server on a free port of 127.0.0.1, and all around it.
struct Site {
  explicit Site(ServerLimits limits = {}, std::shared_ptr<TlsServer> tls = nullptr);
  ~Site();
  std::string url(std::string_view path) const;

  Workers workers;
  MemoryLog log;
  IoThreads threads{1};
  Paths paths{workers};
  Server server{threads, workers, log};
  std::string address;
  uint16_t port = 0;
  bool secure = false;
};

/// A blocking connection to 127.0.0.1; every wait ends after 20 s.
class Raw {
 public:
  explicit Raw(uint16_t port);
  ~Raw();
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;
  /// False when the server does not take it any more.
  bool send(std::string_view bytes);
  /// Up to the end of the head and as much body as Content-Length says.
  std::string read_answer();
  std::string read_to_end();
  /// At least `size` bytes, fewer at the end.
  std::string read(size_t size);
  /// What is there, at least one byte; "" at the end.
  std::string read_some();
  /// Whether read_some() would not wait.
  bool readable() const;
  void finish_sending();
  /// Closes with a reset.
  void reset();

 private:
  bool fill();
  int fd_ = -1;
  std::string received_;
};

/// One call, waited for.
Result<ClientResponse> call(Client& client, ClientRequest request);

/// A self-signed certificate for localhost and 127.0.0.1, written as PEM.
void write_certificate(const std::string& cert_file, const std::string& key_file, const std::string& common_name);

/// An empty folder that goes with the object.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace tarsier::net::test
