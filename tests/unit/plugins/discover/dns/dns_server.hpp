// A DNS server on 127.0.0.1, over UDP and TCP, that answers what the test has put in, right or wrong.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tarsier::discover_dns {

using Bytes = std::string;

/// A name as in a message: "\3www\7example\0".
Bytes wire_name(const std::string& name);
Bytes wire_u16(uint16_t value);

struct Reply {
  int rcode = 0;
  std::vector<std::pair<uint16_t, Bytes>> records = {};  // type and data, of the name that was asked for
  bool silent = false;
  bool only_by_tcp = false;  // by UDP comes an answer that says it is cut
  Bytes raw = {};            // this, after the id, in place of an answer
};

class DnsServer {
 public:
  DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;
  ~DnsServer();

  /// For the question "A www.example"; what is not there is NXDOMAIN.
  void put(const std::string& question, Reply reply);
  /// Questions so far, in order.
  std::vector<std::string> asked() const;
  void forget();
  /// A resolv.conf that leads here, in a new file.
  std::string resolv_conf(const std::string& more = "") const;

 private:
  void run();
  void serve_tcp();
  Bytes answer(const Bytes& query, bool tcp);

  int udp_ = -1, tcp_ = -1, stop_ = -1;
  uint16_t port_ = 0;
  mutable std::mutex lock_;  // guards the next two
  std::map<std::string, Reply> replies_;
  std::vector<std::string> asked_;
  std::thread thread_;
};

}  // namespace tarsier::discover_dns
