// write_load HOST PORT PATH SERIES SCRAPES [SENDERS] [START_S]: sends the generated load by Prometheus remote write 1.0, several senders over one
// connection each, and prints as JSON what was acknowledged. Series are dealt to the senders, so those of one arrive in order. Ends at the first
// answer that is no success: what was acknowledged until then must be stored.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <snappy.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "generator.hpp"

namespace tarsier::samples::bench {
namespace {

constexpr size_t kSeriesPerRequest = 5000;

void put_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void put_text(std::string& out, char tag, std::string_view text) {
  out.push_back(tag);
  put_varint(out, text.size());
  out.append(text);
}

/// The labels of a TimeSeries: repeated field 1 (name: 1, value: 2).
std::string encode_labels(const GeneratedSeries& series) {
  std::string labels;
  for (const auto& [name, value] : series.labels) {
    std::string label;
    put_text(label, 0x0a, name);
    put_text(label, 0x12, value);
    put_text(labels, 0x0a, label);
  }
  return labels;
}

void put_series(std::string& out, const std::string& labels, double value, int64_t time_ms) {
  std::string sample(1, 0x09);  // value: 1, a double
  sample.append(reinterpret_cast<const char*>(&value), sizeof(value));
  sample.push_back(0x10);  // timestamp: 2
  put_varint(sample, static_cast<uint64_t>(time_ms));
  out.push_back(0x0a);
  put_varint(out, labels.size() + 2 + sample.size());
  out.append(labels);
  put_text(out, 0x12, sample);
}

class Connection {
 public:
  Connection(const std::string& host, const std::string& port, std::string path) : host_(host + ":" + port), path_(std::move(path)) {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(std::atoi(port.c_str())));
    const int one = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    connected_ = ::inet_pton(AF_INET, host.c_str(), &address.sin_addr) == 1 &&
                 ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { ::close(socket_); }

  /// True when the answer's status is 2xx.
  bool post(const std::string& body) {
    const std::string head = "POST " + path_ + " HTTP/1.1\r\nHost: " + host_ +
                             "\r\nContent-Type: application/x-protobuf\r\nContent-Encoding: snappy\r\n"
                             "X-Prometheus-Remote-Write-Version: 0.1.0\r\nContent-Length: " +
                             std::to_string(body.size()) + "\r\n\r\n";
    return connected_ && send_all(head) && send_all(body) && read_answer();
  }

 private:
  bool send_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  bool read_answer() {
    std::string answer;
    char piece[4096];
    size_t end = std::string::npos;
    while ((end = answer.find("\r\n\r\n")) == std::string::npos) {
      const ssize_t count = ::recv(socket_, piece, sizeof(piece), 0);
      if (count <= 0) return false;
      answer.append(piece, static_cast<size_t>(count));
    }
    if (answer.compare(0, 10, "HTTP/1.1 2") == 0) return true;
    std::fprintf(stderr, "%s\n", answer.c_str());
    return false;
  }
  const std::string host_, path_;
  int socket_ = -1;
  bool connected_ = false;
};

struct Totals {
  std::atomic<uint64_t> acknowledged{0};
  std::atomic<bool> failed{false};
};

/// Sends every scrape of the series [first, last).
void send(const Load& load, std::vector<GeneratedSeries>& all, size_t first, size_t last, Connection& connection, Totals& totals) {
  std::vector<std::string> labels;
  for (size_t at = first; at < last; ++at) labels.push_back(encode_labels(all[at]));
  std::string message, packed;
  for (int64_t scrape = 0; scrape < load.scrapes && !totals.failed; ++scrape) {
    for (size_t begin = first; begin < last && !totals.failed; begin += kSeriesPerRequest) {
      const size_t end = std::min(last, begin + kSeriesPerRequest);
      message.clear();
      for (size_t at = begin; at < end; ++at) {
        const int64_t time_ms = next_sample(load, all[at], scrape);
        put_series(message, labels[at - first], all[at].value, time_ms);
      }
      snappy::Compress(message.data(), message.size(), &packed);
      if (connection.post(packed)) {
        totals.acknowledged += end - begin;
      } else {
        totals.failed = true;
      }
    }
  }
}

int run(int count, char** arguments) {
  if (count < 6) {
    std::fprintf(stderr, "usage: write_load HOST PORT PATH SERIES SCRAPES [SENDERS] [START_S]\n");
    return 2;
  }
  Load load;
  load.series = std::strtoull(arguments[4], nullptr, 10);
  load.scrapes = std::atoll(arguments[5]);
  const size_t senders = count > 6 ? std::strtoull(arguments[6], nullptr, 10) : 4;
  const auto now_s = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  load.start_ms = (count > 7 ? std::atoll(arguments[7]) : now_s - load.scrapes * load.step_ms / 1000) * 1000;
  std::vector<GeneratedSeries> all = make_series(load);
  Totals totals;
  std::vector<std::thread> threads;
  const auto begin = std::chrono::steady_clock::now();
  for (size_t sender = 0; sender < senders; ++sender) {
    threads.emplace_back([&, sender] {
      Connection connection(arguments[1], arguments[2], arguments[3]);
      send(load, all, all.size() * sender / senders, all.size() * (sender + 1) / senders, connection, totals);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  std::printf("{\"acknowledged\": %llu, \"failed\": %s, \"seconds\": %.2f, \"start\": %lld, \"end\": %lld}\n",
              static_cast<unsigned long long>(totals.acknowledged.load()), totals.failed ? "true" : "false", seconds.count(),
              static_cast<long long>(load.start_ms / 1000), static_cast<long long>((load.start_ms + load.scrapes * load.step_ms) / 1000));
  return 0;
}

}  // namespace
}  // namespace tarsier::samples::bench

int main(int count, char** arguments) { return tarsier::samples::bench::run(count, arguments); }
