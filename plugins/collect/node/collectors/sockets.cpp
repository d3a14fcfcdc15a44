// sockstat and udp_queues: sockets in use, and what waits in those of UDP.
#include <array>
#include <unistd.h>

#include "plugins/collect/node/collector.hpp"
#include "plugins/collect/node/fields.hpp"

namespace tarsier::node {
namespace {

class SockStat final : public Collector {
 public:
  explicit SockStat(const Settings& settings)
      : ipv4_(settings.procfs + "/net/sockstat"), ipv6_(settings.procfs + "/net/sockstat6") {}

  Result<void> collect(Round& round) override {
    place_ = 0;
    auto text = ipv4_.read(round.buffer);
    if (!text) return std::move(text).error();
    add_all(round.page, *text);
    if (auto more = ipv6_.read(round.buffer)) add_all(round.page, *more);  // absent without IPv6
    return {};
  }

 private:
  void add_all(Page& page, std::string_view text) {
    while (!text.empty()) {
      std::string_view line = take_line(text);
      std::string_view protocol = take_word(line);
      if (!protocol.ends_with(':')) continue;
      protocol.remove_suffix(1);
      while (!line.empty()) {
        const std::string_view state = take_word(line);
        const auto value = to_number(take_word(line));
        if (!value) break;
        add(page, protocol, state, *value);
        if (state == "mem") add(page, protocol, "mem_bytes", *value * page_bytes_);
      }
    }
  }
  void add(Page& page, std::string_view protocol, std::string_view state, double value) {
    key_.assign(protocol).append("_").append(state);
    const auto family = families_.at(place_++, key_, [&] {
      const std::string help =
          protocol == "sockets" ? std::string("Number of IPv4 sockets in use.")
                                : std::string("Number of ").append(protocol).append(" sockets in state ").append(state).append(".");
      return page.family({"node_sockstat_" + key_, help, TARSIER_SERIES_GAUGE});
    });
    page.add(family, value);
  }

  KeptFile ipv4_, ipv6_;
  FamilyColumn families_;
  std::string key_;
  size_t place_ = 0;
  double page_bytes_ = static_cast<double>(::sysconf(_SC_PAGESIZE));
};

class UdpQueues final : public Collector {
 public:
  explicit UdpQueues(const Settings& settings) : ipv4_(settings.procfs + "/net/udp"), ipv6_(settings.procfs + "/net/udp6") {}

  Result<void> collect(Round& round) override {
    const bool found_v4 = add(round, ipv4_, "v4"), found_v6 = add(round, ipv6_, "v6");
    if (!found_v4 && !found_v6) return Error::not_found("no " + ipv4_.path());
    return {};
  }

 private:
  static bool add(Round& round, KeptFile& file, std::string_view version) {
    auto text = file.read(round.buffer);
    if (!text) return false;
    (void)take_line(*text);
    double transmit = 0, receive = 0;
    while (!text->empty()) {
      std::string_view line = take_line(*text), queues;
      for (int word = 0; word < 5; ++word) queues = take_word(line);  // sl local remote st tx:rx
      const size_t colon = queues.find(':');
      if (colon == std::string_view::npos) continue;
      transmit += static_cast<double>(to_integer(queues.substr(0, colon), 16).value_or(0));
      receive += static_cast<double>(to_integer(queues.substr(colon + 1), 16).value_or(0));
    }
    const auto family = round.page.family({"node_udp_queues",
                                           "Number of allocated memory in the kernel for UDP datagrams in bytes.",
                                           TARSIER_SERIES_GAUGE,
                                           {"ip", "queue"}});
    round.page.add(family, {version, "tx"}, transmit);
    round.page.add(family, {version, "rx"}, receive);
    return true;
  }
  KeptFile ipv4_, ipv6_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_sockstat(const Settings& settings) {
  return std::unique_ptr<Collector>(new SockStat(settings));
}
Result<std::unique_ptr<Collector>> make_udp_queues(const Settings& settings) {
  return std::unique_ptr<Collector>(new UdpQueues(settings));
}

}  // namespace tarsier::node
