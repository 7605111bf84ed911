/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* CrmfIssue.java - Bouncy Castle as a CA that grants all it is asked for
 *
 *   CrmfIssue CA.key CA.pem REQUEST...
 *
 * Each REQUEST gets its REQUEST.answer, in base64: CMP's CertRepMessage with
 * the CA's certificate in caPubs. */

import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.Security;
import java.util.Base64;
import java.util.Date;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.cmp.CMPCertificate;
import org.bouncycastle.asn1.cmp.CertOrEncCert;
import org.bouncycastle.asn1.cmp.CertRepMessage;
import org.bouncycastle.asn1.cmp.CertResponse;
import org.bouncycastle.asn1.cmp.CertifiedKeyPair;
import org.bouncycastle.asn1.cmp.PKIStatus;
import org.bouncycastle.asn1.cmp.PKIStatusInfo;
import org.bouncycastle.asn1.crmf.CertReqMsg;
import org.bouncycastle.asn1.crmf.CertTemplate;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

public final class CrmfIssue {
	private static final long DAY = 24L * 60 * 60 * 1000;
	private static final int SERIAL_BITS = 64;

	private final ContentSigner signer;
	private final X509CertificateHolder ca;

	private CrmfIssue(String key, String certificate) throws Exception {
		signer = new JcaContentSignerBuilder("SHA256withECDSA")
			.setProvider("BC").build(CrmfCheck.readKey(key));
		ca = CrmfCheck.readCertificate(certificate);
	}

	private X509CertificateHolder certify(CertTemplate template)
			throws Exception {
		long now = System.currentTimeMillis();
		X509v3CertificateBuilder builder =
			new X509v3CertificateBuilder(ca.getSubject(),
				new BigInteger(SERIAL_BITS,
					new SecureRandom()).setBit(0),
				new Date(now - DAY), new Date(now + DAY),
				template.getSubject(),
				template.getPublicKey());
		builder.addExtension(template.getExtensions()
			.getExtension(Extension.keyUsage));
		return builder.build(signer);
	}

	private CertResponse answer(CertReqMsg msg) throws Exception {
		X509CertificateHolder made =
			certify(msg.getCertReq().getCertTemplate());
		return new CertResponse(msg.getCertReq().getCertReqId(),
			new PKIStatusInfo(PKIStatus.granted),
			new CertifiedKeyPair(new CertOrEncCert(
				new CMPCertificate(
					made.toASN1Structure()))), null);
	}

	private String answerAll(CertReqMsg[] asked) throws Exception {
		CertResponse[] answers = new CertResponse[asked.length];
		for (int i = 0; i < asked.length; i++)
			answers[i] = answer(asked[i]);
		CertRepMessage all = new CertRepMessage(
			new CMPCertificate[] {
				new CMPCertificate(ca.toASN1Structure()) },
			answers);
		return Base64.getMimeEncoder()
			.encodeToString(all.getEncoded(ASN1Encoding.DER));
	}

	public static void main(String[] args) throws Exception {
		Security.addProvider(new BouncyCastleProvider());
		CrmfIssue issuer = new CrmfIssue(args[0], args[1]);
		for (int i = 2; i < args.length; i++)
			Files.writeString(Path.of(args[i] + ".answer"),
				issuer.answerAll(
					CrmfCheck.readRequest(args[i])));
	}
}
