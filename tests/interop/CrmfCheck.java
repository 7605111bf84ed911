/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* CrmfCheck.java - what Bouncy Castle finds in CertReqMessages
 *
 *   CrmfCheck [[--key KEY.pem] [--popcert CERT.pem] REQUEST.b64...]...
 *
 * Prints "ID NAME=VALUE" lines. KEY opens the archived keys, and as the key of
 * POPCERT it checks an agreeMAC (RFC 6955, 6); both are for what follows. */

import java.io.FileReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Security;
import java.security.Signature;
import java.security.interfaces.DSAKey;
import java.security.interfaces.ECKey;
import java.security.interfaces.RSAKey;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.crypto.KeyAgreement;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1UTF8String;
import org.bouncycastle.asn1.cms.EnvelopedData;
import org.bouncycastle.asn1.crmf.CRMFObjectIdentifiers;
import org.bouncycastle.asn1.crmf.CertReqMessages;
import org.bouncycastle.asn1.crmf.CertReqMsg;
import org.bouncycastle.asn1.crmf.CertTemplate;
import org.bouncycastle.asn1.crmf.EncKeyWithID;
import org.bouncycastle.asn1.crmf.EncryptedKey;
import org.bouncycastle.asn1.crmf.EncryptedValue;
import org.bouncycastle.asn1.crmf.PKIArchiveOptions;
import org.bouncycastle.asn1.crmf.PKMACValue;
import org.bouncycastle.asn1.crmf.POPOPrivKey;
import org.bouncycastle.asn1.crmf.POPOSigningKey;
import org.bouncycastle.asn1.crmf.ProofOfPossession;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.crmf.CertificateRequestMessage;
import org.bouncycastle.cert.crmf.Control;
import org.bouncycastle.cert.crmf.EncryptedValueParser;
import org.bouncycastle.cert.crmf.PKIArchiveControl;
import org.bouncycastle.cert.crmf.jcajce.JceAsymmetricValueDecryptorGenerator;
import org.bouncycastle.cms.CMSEnvelopedData;
import org.bouncycastle.cms.Recipient;
import org.bouncycastle.cms.RecipientInformation;
import org.bouncycastle.cms.jcajce.JceKeyAgreeEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransEnvelopedRecipient;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.operator.DefaultAlgorithmNameFinder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;

public final class CrmfCheck {
	private static final JcaPEMKeyConverter KEYS =
		new JcaPEMKeyConverter().setProvider("BC");

	private final CertificateRequestMessage message;
	private final CertTemplate template;
	private final PublicKey key;
	private final PrivateKey opener;
	private final X509CertificateHolder verifier;

	private CrmfCheck(CertReqMsg msg, PrivateKey opener,
			X509CertificateHolder verifier) throws Exception {
		this.message = new CertificateRequestMessage(msg);
		this.template = message.getCertTemplate();
		this.key = KEYS.getPublicKey(template.getPublicKey());
		this.opener = opener;
		this.verifier = verifier;
	}

	/* "critical digitalSignature nonRepudiation" */
	private String usage() {
		Extensions extensions = template.getExtensions();
		Extension extension = extensions == null ? null
			: extensions.getExtension(Extension.keyUsage);
		if (extension == null)
			return "none";
		KeyUsage usage = KeyUsage.fromExtensions(extensions);
		List<String> words = new ArrayList<>();
		String[] names = { "digitalSignature", "nonRepudiation",
			"keyEncipherment", "dataEncipherment",
			"keyAgreement", "keyCertSign", "cRLSign" };
		words.add(extension.isCritical() ? "critical" : "optional");
		for (int i = 0; i < names.length; i++) {
			if (usage.hasUsages(0x80 >> i))
				words.add(names[i]);
		}
		return String.join(" ", words);
	}

	private String text(ASN1ObjectIdentifier type) {
		Control control = message.getControl(type);
		return control == null ? "none"
			: ASN1UTF8String.getInstance(control.getValue())
				.getString();
	}

	/* --- proof of possession ----------------------------------------- */

	private String proof() throws Exception {
		ProofOfPossession proof =
			message.toASN1Structure().getPopo();
		switch (message.getProofOfPossessionType()) {
		case CertificateRequestMessage.popSigningKey:
			return signature((POPOSigningKey)proof.getObject());
		case CertificateRequestMessage.popKeyEncipherment:
			return "keyEncipherment " + privateProof(
				POPOPrivKey.getInstance(proof.getObject()));
		case CertificateRequestMessage.popKeyAgreement:
			return "keyAgreement " + privateProof(
				POPOPrivKey.getInstance(proof.getObject()));
		default:
			return "raVerified";
		}
	}

	private String signature(POPOSigningKey proof) throws Exception {
		String name = new DefaultAlgorithmNameFinder()
			.getAlgorithmName(proof.getAlgorithmIdentifier());
		boolean valid = message.isValidSigningKeyPOP(
			new JcaContentVerifierProviderBuilder()
				.setProvider("BC").build(key));
		return name + (valid ? " valid" : " WRONG");
	}

	private String privateProof(POPOPrivKey proof) throws Exception {
		switch (proof.getType()) {
		case POPOPrivKey.thisMessage:
			return "thisMessage";
		case POPOPrivKey.subsequentMessage:
			return "subsequentMessage " +
				ASN1Integer.getInstance(proof.getValue());
		case POPOPrivKey.agreeMAC:
			return "agreeMAC " + agreement(
				PKMACValue.getInstance(proof.getValue()));
		default:
			return "choice " + proof.getType();
		}
	}

	/* RFC 6955, 6: HMAC under hash(subject | ZZ | issuer). */
	private String agreement(PKMACValue value) throws Exception {
		String oid = value.getAlgId().getAlgorithm().getId();
		String bits = oid.equals("1.3.6.1.5.5.7.6.26") ? "256"
			: oid.equals("1.3.6.1.5.5.7.6.27") ? "384"
			: oid.equals("1.3.6.1.5.5.7.6.28") ? "512" : oid;
		KeyAgreement agree = KeyAgreement.getInstance("ECDH", "BC");
		agree.init(opener);
		agree.doPhase(key, true);
		MessageDigest hash = MessageDigest.getInstance("SHA-" + bits);
		hash.update(verifier.getSubject()
			.getEncoded(ASN1Encoding.DER));
		hash.update(agree.generateSecret());
		hash.update(verifier.getIssuer().getEncoded(ASN1Encoding.DER));
		Mac mac = Mac.getInstance("HmacSHA" + bits);
		mac.init(new SecretKeySpec(hash.digest(), "HmacSHA" + bits));
		byte[] ours = mac.doFinal(message.toASN1Structure()
			.getCertReq().getEncoded(ASN1Encoding.DER));
		boolean valid = MessageDigest.isEqual(ours,
			value.getValue().getOctets());
		return "SHA-" + bits + (valid ? " valid" : " WRONG");
	}

	/* --- the archived key --------------------------------------------- */

	private String archive() throws Exception {
		Control control = message.getControl(
			CRMFObjectIdentifiers.id_regCtrl_pkiArchiveOptions);
		if (control == null)
			return "none";
		PKIArchiveControl archive = (PKIArchiveControl)control;
		if (!archive.isEnvelopedData())
			return "EncryptedValue " + whose(openValue(archive));
		EncKeyWithID withId = openEnvelope(archive);
		return "EnvelopedData " + whose(withId.getPrivateKey()) +
			" of " + name(withId);
	}

	private String whose(PrivateKeyInfo info) throws Exception {
		return isOurs(KEYS.getPrivateKey(info)) ? "the key"
			: "ANOTHER KEY";
	}

	private String name(EncKeyWithID withId) {
		if (!withId.hasIdentifier() || withId.isIdentifierUTF8String())
			return "NOBODY";
		GeneralName name = (GeneralName)withId.getIdentifier();
		return name.getTagNo() == GeneralName.directoryName &&
			name.getName().equals(template.getSubject())
			? "the subject" : "ANOTHER";
	}

	private PrivateKeyInfo openValue(PKIArchiveControl archive)
			throws Exception {
		EncryptedKey encrypted = EncryptedKey.getInstance(
			PKIArchiveOptions.getInstance(archive.getValue())
				.getValue());
		return new EncryptedValueParser(
			EncryptedValue.getInstance(encrypted.getValue()))
			.readPrivateKeyInfo(
				new JceAsymmetricValueDecryptorGenerator(
					opener).setProvider("BC"));
	}

	private EncKeyWithID openEnvelope(PKIArchiveControl archive)
			throws Exception {
		CMSEnvelopedData envelope = archive.getEnvelopedData();
		ASN1ObjectIdentifier type = EnvelopedData.getInstance(
			envelope.toASN1Structure().getContent())
			.getEncryptedContentInfo().getContentType();
		if (!type.equals(CRMFObjectIdentifiers.id_ct_encKeyWithID))
			throw new Exception("content type " + type);
		RecipientInformation to = envelope.getRecipientInfos()
			.iterator().next();
		Recipient recipient = opener.getAlgorithm().equals("RSA")
			? new JceKeyTransEnvelopedRecipient(opener)
				.setProvider("BC")
			: new JceKeyAgreeEnvelopedRecipient(opener)
				.setProvider("BC");
		return EncKeyWithID.getInstance(to.getContent(recipient));
	}

	/* Does it make signatures that the request's key verifies? */
	private boolean isOurs(PrivateKey half) throws Exception {
		String name = half.getAlgorithm().equals("RSA")
			? "SHA256withRSA" : "SHA256withECDSA";
		byte[] data = template.getPublicKey().getEncoded();
		Signature signature = Signature.getInstance(name, "BC");
		signature.initSign(half);
		signature.update(data);
		byte[] made = signature.sign();
		signature.initVerify(key);
		signature.update(data);
		return signature.verify(made);
	}

	/* --- all of it --------------------------------------------------- */

	private static int bits(PublicKey key) {
		if (key instanceof RSAKey)
			return ((RSAKey)key).getModulus().bitLength();
		if (key instanceof DSAKey)
			return ((DSAKey)key).getParams().getP().bitLength();
		return ((ECKey)key).getParams().getOrder().bitLength();
	}

	private void print() throws Exception {
		String id = message.toASN1Structure().getCertReq()
			.getCertReqId() + " ";
		System.out.println(id + "version=" + template.getVersion());
		System.out.println(id + "subject=" + template.getSubject());
		System.out.println(id + "key=" + key.getAlgorithm() + " " +
			bits(key));
		System.out.println(id + "usage=" + usage());
		System.out.println(id + "proof=" + proof());
		System.out.println(id + "regToken=" +
			text(CRMFObjectIdentifiers.id_regCtrl_regToken));
		System.out.println(id + "authenticator=" +
			text(CRMFObjectIdentifiers.id_regCtrl_authenticator));
		System.out.println(id + "archive=" + archive());
	}

	private static Object readPem(String path) throws Exception {
		try (PEMParser parser = new PEMParser(new FileReader(path))) {
			return parser.readObject();
		}
	}

	static PrivateKey readKey(String path) throws Exception {
		Object read = readPem(path);
		return KEYS.getPrivateKey(read instanceof PEMKeyPair
			? ((PEMKeyPair)read).getPrivateKeyInfo()
			: (PrivateKeyInfo)read);
	}

	static X509CertificateHolder readCertificate(String path)
			throws Exception {
		return (X509CertificateHolder)readPem(path);
	}

	static CertReqMsg[] readRequest(String path) throws Exception {
		return CertReqMessages.getInstance(Base64.getMimeDecoder()
			.decode(Files.readAllBytes(Path.of(path))))
			.toCertReqMsgArray();
	}

	public static void main(String[] args) throws Exception {
		PrivateKey opener = null;
		X509CertificateHolder verifier = null;
		Security.addProvider(new BouncyCastleProvider());
		for (int i = 0; i < args.length; i++) {
			if (args[i].equals("--key")) {
				opener = readKey(args[++i]);
				continue;
			}
			if (args[i].equals("--popcert")) {
				verifier = readCertificate(args[++i]);
				continue;
			}
			for (CertReqMsg msg : readRequest(args[i]))
				new CrmfCheck(msg, opener, verifier).print();
		}
	}
}
