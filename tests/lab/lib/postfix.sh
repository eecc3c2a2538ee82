# shellcheck shell=bash
# Two instances of Postfix: the receiving server, and the submission server.

# Postfix: common part.
common() { # name hostname
cat <<E
compatibility_level = 3.6
queue_directory = $LAB/$1/spool
data_directory = $LAB/$1/data
maillog_file = $LAB/log/$1.log
maillog_file_prefixes = $LAB
syslog_name = postfix-$1
myhostname = $2
mydestination =
alias_maps =
local_recipient_maps =
mynetworks = 192.0.2.254/32
inet_protocols = ipv4
inet_interfaces = all
biff = no
smtputf8_enable = yes
smtpd_banner = \$myhostname ESMTP
smtpd_tls_security_level = may
smtpd_tls_chain_files = $LAB/tls/good.key, $LAB/tls/good.crt
smtpd_tls_loglevel = 1
smtpd_tls_received_header = yes
smtp_tls_security_level = may
smtp_tls_CAfile = $LAB/tls/ca.crt
milter_default_action = accept
milter_protocol = 6
bounce_queue_lifetime = 60s
maximal_queue_lifetime = 60s
minimal_backoff_time = 2s
maximal_backoff_time = 4s
queue_run_delay = 2s
in_flow_delay = 0
E
}
services() { # the processes every instance needs; none chrooted (resolv.conf, sockets)
cat <<'E'
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
E
}

# Postfix: the receiving MX.
DKIM=inet:$N.0.25:8891; DMARC=inet:$N.0.25:8893
{ common mx $MXHOST; cat <<E
virtual_mailbox_domains = inbox.test, example.test
virtual_mailbox_base = $LAB/mail
virtual_mailbox_maps = texthash:$LAB/mx/etc/boxes, static:inbox.test/probe/Maildir/
virtual_uid_maps = static:$(id -u $MAILUSER)
virtual_gid_maps = static:$(id -g $MAILUSER)
virtual_minimum_uid = 1
smtpd_milters = $DKIM, $DMARC
smtpd_relay_restrictions = reject_unauth_destination
# recipient-driven faults, then SPF (which prepends its Authentication-Results)
smtpd_recipient_restrictions = check_recipient_access texthash:$LAB/mx/etc/rcpt, check_policy_service unix:private/policyd-spf
smtpd_restriction_classes = greylist
greylist = check_policy_service inet:$N.0.25:10023
policyd-spf_time_limit = 60
message_size_limit = 1048576
E
} > "$LAB/mx/etc/main.cf"
cat > "$LAB/mx/etc/rcpt" <<E
unknown@inbox.test    550 5.1.1 No such user here
policy@inbox.test     550 5.7.26 Unauthenticated email is not accepted due to the domain's DMARC policy
grey@inbox.test       greylist
E
echo 'junk@inbox.test inbox.test/probe/Maildir/.Junk/' > "$LAB/mx/etc/boxes"
{ services; cat <<E
policyd-spf unix - n n - 0 spawn
  user=nobody argv=$(command -v policyd-spf) $LAB/etc/policyd-spf.conf
$N.0.25:2524 inet n - n - - smtpd
$N.0.25:2525 inet n - n - - smtpd
  -o smtpd_upstream_proxy_protocol=haproxy
E
} > "$LAB/mx/etc/master.cf"

# Postfix: submission host; signs, and leaves from a chosen address.
{ common sub submit.inbox.test; cat <<E
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_sasl_auth_enable = yes
smtpd_tls_auth_only = yes
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions =
smtpd_milters = inet:$N.0.87:8892
sender_dependent_default_transport_maps = texthash:$LAB/sub/etc/egress
default_transport = out60:[$N.2.60]:2525
# bounces go back to the sender's mailbox, which the lab's MX holds
transport_maps = texthash:$LAB/sub/etc/transport
smtp_host_lookup = native
E
} > "$LAB/sub/etc/main.cf"
cat > "$LAB/sub/etc/egress" <<E
@example.test                 out10:[$N.2.10]:2525
noptr@example.test            out30:[$N.2.30]:2525
@bounce.mailer-service.test   out20:[$N.2.20]:2525
@mailer-service.test          out20:[$N.2.20]:2525
@list.test                    out50:[$N.2.50]:2525
footer@list.test              tolist:[$N.0.87]:1592
E
echo "sender@example.test smtp:[$N.0.25]:2524" > "$LAB/sub/etc/transport"
echo "footer@list.test PREPEND List-Id: Lab list <lab.list.test>" > "$LAB/sub/etc/list"
printf '/^-- $/ PREPEND _______________________________________________ lab mailing list\n' > "$LAB/sub/etc/footer.re"
out() { echo "$1 unix - - n - - smtp"; shift; for o; do echo "  -o $o"; done; }
{ services
  out out10 smtp_helo_name=mail.example.test
  out out20 smtp_helo_name=out.mailer-service.test
  out out30 smtp_helo_name=mail.example.test
  out out50 smtp_helo_name=mail.list.test
  out out60 smtp_helo_name=mail60.isp.test
  out tolist
  # a list: takes the signed message in, and adds a footer on its way out
  out lfooter smtp_helo_name=mail.list.test smtp_body_checks=regexp:$LAB/sub/etc/footer.re
cat <<E
$N.0.87:1587 inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
$N.0.87:1465 inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
$N.0.87:1588 inet n - n - - smtpd
  -o smtpd_tls_chain_files=$LAB/tls/expired.key,$LAB/tls/expired.crt
$N.0.87:1589 inet n - n - - smtpd
  -o smtpd_tls_chain_files=$LAB/tls/wronghost.key,$LAB/tls/wronghost.crt
$N.0.87:1590 inet n - n - - smtpd
  -o smtpd_tls_security_level=none
  -o smtpd_tls_auth_only=no
$N.0.87:1592 inet n - n - - smtpd
  -o myhostname=mail.list.test
  -o mynetworks=127.0.0.0/8
  -o smtpd_tls_security_level=none
  -o smtpd_sasl_auth_enable=no
  -o smtpd_milters=
  -o smtpd_relay_restrictions=permit_mynetworks,reject
  -o { smtpd_recipient_restrictions = check_sender_access texthash:$LAB/sub/etc/list, permit }
  -o content_filter=lfooter:[$N.2.50]:2525
$N.0.87:1591 inet n - n - - smtpd
  -o smtpd_delay_reject=no
  -o { smtpd_client_restrictions=sleep 8 }
E
} > "$LAB/sub/etc/master.cf"
